"""Whole sentences that are right, or wrong."""

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from kerasseq.evaluation.metric import Metric, sign


def _share(sums: np.ndarray) -> np.ndarray:
    return 100.0 * sums[:, 0] / sums[:, 1]


@dataclasses.dataclass(frozen=True)
class ExactMatch(Metric):
    """Share of hypotheses that equal one of their references, character by character.

    The number for tasks with one right answer: normalisation, inflection, spelling.

    Call arguments:
        hypotheses: list of strings.
        references: list with a string or a list of strings for each hypothesis.

    Returns:
        The share in percent.

    Example:

    >>> ExactMatch()(["go", "goes"], ["go", ["went", "gone"]])
    50.0
    """

    name: ClassVar[str] = "exact_match"
    higher_is_better: ClassVar[bool] = True

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        pairs = zip(hypotheses, references, strict=True)
        return np.array([[text in entry, 1] for text, entry in pairs], dtype="float64")

    def values(self, sums: np.ndarray) -> np.ndarray:
        return _share(sums)

    def signature(self, references: Sequence[Sequence[str]]) -> str:
        return sign(references, unit="sentence", case="mixed")


@dataclasses.dataclass(frozen=True)
class SequenceErrorRate(Metric):
    """Share of hypotheses whose tokens equal those of none of their references.

    **This is the "WER" of the grapheme-to-phoneme literature**: words with a wrong pronunciation,
    over words. Tokens are what white space separates, so that spacing alone is no error; but for
    that it is 100 - `ExactMatch`.

    Call arguments:
        hypotheses: list of strings of tokens, such as `"K AE T"`.
        references: list with a string or a list of strings (the accepted pronunciations) for
            each hypothesis.

    Returns:
        The share in percent.

    Example:

    >>> SequenceErrorRate()(["T AH M EY T OW", "K AE"], [["T AH M AA T OW", "T AH M EY T OW"], "K"])
    50.0
    """

    name: ClassVar[str] = "sequence_error_rate"
    higher_is_better: ClassVar[bool] = False

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        pairs = zip(hypotheses, references, strict=True)
        wrong = [text.split() not in [other.split() for other in entry] for text, entry in pairs]
        return np.array([[error, 1] for error in wrong], dtype="float64")

    def values(self, sums: np.ndarray) -> np.ndarray:
        return _share(sums)

    def signature(self, references: Sequence[Sequence[str]]) -> str:
        return sign(references, unit="sequence", case="mixed", tok="whitespace")
