"""A codec small enough to compute by hand: one token a letter."""

from collections.abc import Sequence

import pytest
import tensorflow as tf

PAD, UNKNOWN, START, END = range(4)
FIRST_LETTER = 4


class LetterCodec:
    """`a` is 4, `b` is 5 ... `z` is 29; every other character is unknown.

    `sample` writes each letter twice for an odd seed, so that a test can see the seed.
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

    def sample(
        self, texts: Sequence[str], seeds: Sequence[int], alpha: float = 0.1
    ) -> list[list[int]]:
        return [
            [token_id for token_id in row for _ in range(1 + seed % 2)]
            for row, seed in zip(self._rows(texts), seeds, strict=True)
        ]


@pytest.fixture
def codec() -> LetterCodec:
    return LetterCodec()
