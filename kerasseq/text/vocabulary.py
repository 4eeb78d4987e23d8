"""Pieces of text <-> ids: the table of a codec."""

import collections
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf

from kerasseq import checks
from kerasseq.text.special_ids import SPECIAL_TOKENS, UNKNOWN_ID, UNKNOWN_MARKER
from kerasseq.typing import Tensor

# How many texts are tokenized at a time for counting: pieces of a large corpus need not all be
# in memory at once.
_TEXTS_AT_A_TIME = 10_000


class Vocabulary(tf.Module):
    """The pieces of a codec, each at its id, with the tables a graph needs.

    The special tokens are displayed but never found: a text that says "</s>" is not an end.

    Args:
        pieces: every piece, the special tokens first; the position is the id.

    Raises:
        TypeError: if a piece is not a `str`.
        ValueError: if the special tokens are missing or a piece is there twice.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__()
        self.pieces = _checked(pieces)
        written = [UNKNOWN_MARKER if i == UNKNOWN_ID else p for i, p in enumerate(self.pieces)]
        keys = self.pieces[len(SPECIAL_TOKENS) :]
        with tf.init_scope():  # the tables outlive the graph that may be under construction
            self._tokens = tf.constant(self.pieces, tf.string)  # (vocabulary_size,)
            self._written = tf.constant(written, tf.string)  # (vocabulary_size,)
            ids = tf.range(len(SPECIAL_TOKENS), len(self.pieces), dtype=tf.int32)
            entries = tf.lookup.KeyValueTensorInitializer(tf.constant(keys, tf.string), ids)
            self._table = tf.lookup.StaticHashTable(entries, default_value=UNKNOWN_ID)

    def __len__(self) -> int:
        return len(self.pieces)

    def ids(self, pieces: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns `(batch, None)` int32 ids of pieces; one that is not known is `UNKNOWN_ID`."""
        return pieces.with_flat_values(self._table.lookup(pieces.flat_values))

    def tokens(self, token_ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns `(batch, None)` pieces of ids as they are displayed."""
        return token_ids.with_flat_values(tf.gather(self._tokens, token_ids.flat_values))

    def written(self, token_ids: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns `(batch, None)` pieces of ids as they stand in a text: unknown as a marker."""
        return token_ids.with_flat_values(tf.gather(self._written, token_ids.flat_values))


def most_frequent_pieces(
    texts: Tensor, tokenize: Callable[[Tensor], tf.RaggedTensor], vocabulary_size: int
) -> list[str]:
    """Returns the pieces that stand most often in the texts, the most frequent one first.

    Args:
        texts: `(batch,)` strings.
        tokenize: texts to pieces.
        vocabulary_size: at most so many, the special tokens included. Among equals the smaller
            code points come first, so that the same texts in any order give the same list.
    """
    counts: collections.Counter[bytes] = collections.Counter()
    for chunk in _chunks(texts):
        counts.update(tokenize(chunk).flat_values.numpy().tolist())
    # UTF-8 sorts as code points do.
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    try:
        return [piece.decode() for piece in ranked[: vocabulary_size - len(SPECIAL_TOKENS)]]
    except UnicodeDecodeError as error:
        raise ValueError(
            "A tokenizer must cut between characters, as `pattern` with \\C does not. "
            f"Received: the piece {error.object!r}, which is no UTF-8."
        ) from error


def _chunks(texts: Tensor) -> Iterator[Tensor]:
    for start in range(0, len(texts), _TEXTS_AT_A_TIME):
        yield texts[start : start + _TEXTS_AT_A_TIME]


def _checked(pieces: Sequence[str]) -> tuple[str, ...]:
    pieces = tuple(pieces)
    for position, piece in enumerate(pieces):
        checks.check_string(f"vocabulary[{position}]", piece)
    first = pieces[: len(SPECIAL_TOKENS)]
    if first != SPECIAL_TOKENS:
        raise ValueError(
            f"`vocabulary` must start with {SPECIAL_TOKENS}. Received: {first}. "
            "Write `[*kerasseq.text.SPECIAL_TOKENS, *pieces]`."
        )
    if len(pieces) == len(first):
        raise ValueError("`vocabulary` must hold a piece besides the special tokens.")
    repeated = [
        piece
        for piece, count in collections.Counter(pieces[len(SPECIAL_TOKENS) :]).items()
        if count > 1
    ]
    if repeated:
        raise ValueError(f"`vocabulary` must hold each piece once. Received twice: {repeated[:3]}.")
    return pieces
