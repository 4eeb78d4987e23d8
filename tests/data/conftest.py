"""A codec small enough to compute by hand: one token a letter."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.text.segmentation_sampling import Candidates, draw

PAD, UNKNOWN, START, END = range(4)
FIRST_LETTER = 4


class LetterCodec:
    """`a` is 4, `b` is 5 ... `z` is 29; every other character is unknown.

    A sample has each letter once or twice, so that a test can see it.
    """

    pad_id, unknown_id, start_id, end_id = PAD, UNKNOWN, START, END
    vocabulary_size = 30

    def _rows(self, texts: Sequence[str]) -> list[list[int]]:
        return [
            [ord(letter) - 93 if "a" <= letter <= "z" else UNKNOWN for letter in text]
            for text in texts
        ]

    def encode(self, texts: Sequence[str]) -> tf.RaggedTensor:
        return tf.ragged.constant(self._rows(texts), ragged_rank=1, dtype=tf.int32)

    def candidates(self, texts: Sequence[str], alpha: float = 0.1) -> list[Candidates]:
        """Each letter once, or each letter twice: one as likely as the other."""
        return [
            Candidates(
                [row, [token_id for token_id in row for _ in range(2)]],
                np.zeros(self.vocabulary_size),
                alpha,
            )
            for row in self._rows(texts)
        ]

    def sample(
        self, texts: Sequence[str], seeds: Sequence[int], alpha: float = 0.1
    ) -> list[list[int]]:
        return [row.tolist() for row in draw(self.candidates(texts, alpha), seeds)]


@pytest.fixture
def codec() -> LetterCodec:
    return LetterCodec()
