"""Edits to the nearest reference, over its length: of phonemes, words and characters."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from kerasseq.evaluation.edit_distance import edit_distance
from kerasseq.evaluation.metric import Metric, sign


def _edits(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    split: Callable[[str], Sequence[str]],
) -> np.ndarray:
    """Edits to the nearest reference and its length, `(sentences, 2)`.

    Of two equally near references the shorter counts, as in the scripts of the literature.
    """
    counts = []
    for text, entry in zip(hypotheses, references, strict=True):
        tokens, others = split(text), [split(other) for other in entry]
        counts.append(min((edit_distance(tokens, other), len(other)) for other in others))
    return np.array(counts, dtype="float64")


def _rate(sums: np.ndarray) -> np.ndarray:
    # References that are all empty count as one token: every edit is an error, none divides by 0.
    return 100.0 * sums[:, 0] / np.maximum(sums[:, 1], 1.0)


@dataclasses.dataclass(frozen=True)
class WordErrorRate(Metric):
    """Word edits that turn the hypotheses into their nearest references, over reference words.

    The "WER" of speech recognition. It is **not** the "WER" of the grapheme-to-phoneme
    literature, which is the share of words with any error: that is `SequenceErrorRate`.
    Words are what white space separates, as they stand: case and punctuation count.

    Call arguments:
        hypotheses: list of strings.
        references: list with a string or a list of strings for each hypothesis.

    Returns:
        The rate in percent; above 100 when hypotheses are much longer than references.

    Example: one substitution and one deletion in four words.

    >>> WordErrorRate()(["the cat sits"], ["the cat sat down"])
    50.0
    """

    name: ClassVar[str] = "word_error_rate"
    higher_is_better: ClassVar[bool] = False

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        return _edits(hypotheses, references, str.split)

    def values(self, sums: np.ndarray) -> np.ndarray:
        return _rate(sums)

    def signature(self, references: Sequence[Sequence[str]]) -> str:
        return sign(references, unit="word", case="mixed", tok="whitespace", nearest="shorter")


@dataclasses.dataclass(frozen=True)
class PhonemeErrorRate(Metric):
    """Phoneme edits that turn the hypotheses into their nearest references, over their phonemes.

    The "PER" of the grapheme-to-phoneme literature, for text whose tokens (phonemes, or any
    other symbols) are separated by white space. The arithmetic is that of `WordErrorRate`; two
    names, so that a report says what was counted.

    Call arguments:
        hypotheses: list of strings of phonemes, such as `"K AE T"`.
        references: list with a string or a list of strings (the accepted pronunciations) for
            each hypothesis.

    Returns:
        The rate in percent.

    Example: one wrong phoneme in three.

    >>> round(PhonemeErrorRate()(["K AE T"], [["K AH T", "K AA D"]]), 2)
    33.33
    """

    name: ClassVar[str] = "phoneme_error_rate"
    higher_is_better: ClassVar[bool] = False

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        return _edits(hypotheses, references, str.split)

    def values(self, sums: np.ndarray) -> np.ndarray:
        return _rate(sums)

    def signature(self, references: Sequence[Sequence[str]]) -> str:
        return sign(references, unit="phoneme", case="mixed", tok="whitespace", nearest="shorter")


@dataclasses.dataclass(frozen=True)
class CharacterErrorRate(Metric):
    """Character edits that turn the hypotheses into their nearest references, over their length.

    For spelling, transliteration, recognition of handwriting. Characters are Unicode code points
    of the text as it stands, spaces included: normalise both sides alike first if a letter and
    its accent may be written in two ways.

    Call arguments:
        hypotheses: list of strings.
        references: list with a string or a list of strings for each hypothesis.

    Returns:
        The rate in percent.

    Example: three edits (`s` for `k`, `i` for `e`, `g` added) over seven characters.

    >>> round(CharacterErrorRate()(["kitten"], ["sitting"]), 2)
    42.86
    """

    name: ClassVar[str] = "character_error_rate"
    higher_is_better: ClassVar[bool] = False

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        return _edits(hypotheses, references, str)

    def values(self, sums: np.ndarray) -> np.ndarray:
        return _rate(sums)

    def signature(self, references: Sequence[Sequence[str]]) -> str:
        return sign(references, unit="character", case="mixed", nearest="shorter")
