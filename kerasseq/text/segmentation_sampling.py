"""Subword regularisation: a draw among the likeliest segmentations of a text.

Our own, since neither sentencepiece nor tensorflow-text draws the same in two processes, while
their lists of the n best are the same everywhere.
"""

import itertools
from collections.abc import Sequence

import numpy as np


def uniform_numbers(seeds: Sequence[int] | np.ndarray) -> np.ndarray:
    """Returns one number in [0, 1) for each seed, the same on every machine.

    Neighbouring seeds give unrelated numbers. A seed may be any integer of 64 bits.
    """
    mixed = split_mix(np.asarray(seeds).astype(np.int64).view(np.uint64))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def split_mix(numbers: np.ndarray) -> np.ndarray:
    """Returns random numbers of 64 bits, each a function of its own argument alone: SplitMix64.

    Args:
        numbers: uint64.
    """
    with np.errstate(over="ignore"):  # arithmetic modulo 2 ** 64 is the point
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


class Candidates:
    """The likeliest segmentations of one text, to draw from as often as wanted.

    Finding them is most of the work of a draw, and the same each time.

    Args:
        segmentations: the candidates, each a list of piece ids; one at least, and if there are
            several, none of them empty.
        scores: `(vocabulary_size,)` log probability of each piece. What an unknown character
            costs is the same in all candidates and cancels out.
        alpha: 0 draws among all candidates alike, a large one takes the likeliest.
    """

    def __init__(
        self, segmentations: Sequence[Sequence[int]], scores: np.ndarray, alpha: float
    ) -> None:
        # One pass over all candidates laid end to end: ten times faster than a sum for each.
        pieces = np.fromiter(itertools.chain.from_iterable(segmentations), np.int64)
        lengths = np.array([len(segmentation) for segmentation in segmentations])
        self.ends = np.cumsum(lengths, dtype=np.int32)
        # Many of them are kept: half the memory where the ids allow it.
        self.pieces = pieces.astype(np.uint16 if len(scores) < 2**16 else np.int32)
        self.weights = np.ones(1)  # (candidates,), cumulative
        if len(segmentations) > 1:
            totals = np.add.reduceat(scores[pieces], np.cumsum(lengths) - lengths)
            with np.errstate(over="ignore"):  # exp(-inf) is what is meant
                self.weights = np.cumsum(np.exp(alpha * (totals - totals.max())))

    @property
    def nbytes(self) -> int:
        """About how much memory they take, with what Python adds."""
        return self.pieces.nbytes + self.ends.nbytes + self.weights.nbytes + 500

    def draw(self, uniform: float) -> np.ndarray:
        """Returns one segmentation, drawn with probability proportional to its P ** alpha.

        Args:
            uniform: the number in [0, 1) that decides.

        Returns:
            `(pieces,)` int32 ids.
        """
        chosen = np.searchsorted(self.weights, uniform * self.weights[-1], side="right")
        chosen = min(int(chosen), len(self.ends) - 1)
        begin = self.ends[chosen - 1] if chosen else 0
        return self.pieces[begin : self.ends[chosen]].astype(np.int32)


def draw(candidates: Sequence[Candidates], seeds: Sequence[int] | np.ndarray) -> list[np.ndarray]:
    """Returns one segmentation of each text, `(pieces,)` int32 ids.

    Args:
        candidates: of each text.
        seeds: one integer for each text.
    """
    numbers = uniform_numbers(seeds).tolist()
    return [each.draw(uniform) for each, uniform in zip(candidates, numbers, strict=True)]
