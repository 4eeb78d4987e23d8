"""The contract of a corpus metric."""

import abc
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

import kerasseq
from kerasseq.evaluation.corpus import References, check_corpus, reference_count


class Metric(abc.ABC):
    """A number in percent for a whole corpus, from counts that are summed over its sentences.

    Because a corpus' value needs only the sums of its sentences' counts, a resampled corpus costs
    a sum: confidence intervals and significance tests read `statistics` once.

    A member is a frozen dataclass: its fields are its options, plain values that YAML can hold.

    Call arguments:
        hypotheses: list of strings, raw text (detokenised, cased).
        references: list with a string or a list of strings for each hypothesis.

    Returns:
        The value, from 0 to 100 (an error rate may be more).
    """

    name: ClassVar[str]
    higher_is_better: ClassVar[bool]

    def __call__(self, hypotheses: Sequence[str], references: References) -> float:
        checked = check_corpus(hypotheses, references)
        sums = self.statistics(hypotheses, checked).sum(axis=0, keepdims=True)
        return float(self.values(sums)[0])

    @abc.abstractmethod
    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        """Returns the counts of each sentence, `(sentences, counts)` float64.

        Args:
            hypotheses: as checked by `check_corpus`.
            references: as returned by `check_corpus`: a list for each hypothesis.
        """

    @abc.abstractmethod
    def values(self, sums: np.ndarray) -> np.ndarray:
        """Returns the value of each corpus, `(corpora,)`.

        Args:
            sums: `(corpora, counts)` statistics, summed over the sentences of each corpus.
        """

    @abc.abstractmethod
    def signature(self, references: Sequence[Sequence[str]]) -> str:
        """Returns what another person must know to get the same number, `key:value|...`."""


def sign(references: Sequence[Sequence[str]], **facts: str) -> str:
    """The signature of a metric of our own, in sacreBLEU's form."""
    count = reference_count(references)
    shown = "var" if count is None else str(count)
    facts = {"nrefs": shown, **facts, "version": f"kerasseq.{kerasseq.__version__}"}
    return "|".join(f"{key}:{value}" for key, value in facts.items())
