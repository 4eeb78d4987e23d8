"""Texts as ids and ids as texts, in the graph."""

from typing import NamedTuple

import tensorflow as tf

from kerasseq.text import TextCodec
from kerasseq.typing import Tensor


class EncodedTexts(NamedTuple):
    """Texts as ids.

    Attributes:
        token_ids: `(batch, length)` int32, padded on the right, at least one column.
        lengths: `(batch,)` int32.
        truncated: `(batch,)` boolean, whether tokens were cut off.
    """

    token_ids: Tensor
    lengths: Tensor
    truncated: Tensor


def encode_source(texts: Tensor, codec: TextCodec, max_length: int) -> EncodedTexts:
    """Returns texts as the encoder reads them: tokens and the end, at most `max_length`.

    Args:
        texts: `(batch,)` strings.
        codec: the source codec.
        max_length: the most tokens, the end included.
    """
    tokens = codec.encode(texts)
    truncated = tokens.row_lengths() > max_length - 1
    return _padded(_with_end(tokens[:, : max_length - 1], codec), codec, truncated)


def encode_target(texts: Tensor, codec: TextCodec, max_length: int) -> EncodedTexts:
    """Returns texts as the decoder would write them: tokens and the end, cut at `max_length`.

    Args:
        texts: `(batch,)` strings.
        codec: the target codec.
        max_length: the most tokens; a text that is cut has no end.
    """
    tokens = _with_end(codec.encode(texts), codec)
    return _padded(tokens[:, :max_length], codec, tokens.row_lengths() > max_length)


def encode_prefix(texts: Tensor, codec: TextCodec, limits: Tensor) -> EncodedTexts:
    """Returns texts as the beginnings of outputs: tokens without an end.

    Args:
        texts: `(batch,)` strings.
        codec: the target codec.
        limits: `(batch,)` int32, how many tokens each row's output may have.
    """
    tokens = codec.encode(texts)
    truncated = tf.cast(tokens.row_lengths(), tf.int32) > limits
    return _padded(tokens, codec, truncated)


def decode_hypotheses(token_ids: Tensor, codec: TextCodec) -> Tensor:
    """Returns the texts of hypotheses.

    Args:
        token_ids: `(batch, n_best, length)` integers.
        codec: the target codec.

    Returns:
        `(batch, n_best)` strings.
    """
    shape = tf.shape(token_ids)
    texts = codec.decode(tf.reshape(token_ids, [shape[0] * shape[1], shape[2]]))
    return tf.reshape(texts, shape[:2])


def tokens_of(token_ids: Tensor, lengths: Tensor, codec: TextCodec) -> Tensor:
    """Returns the pieces of ids, `(batch, length)` strings, empty on padding.

    Args:
        token_ids: `(batch, length)` integers.
        lengths: `(batch,)` integers, how many of them are real: each has one piece.
        codec: their codec.
    """
    width = tf.shape(token_ids)[1]
    is_real = tf.sequence_mask(lengths, width)
    # An untrained network may write the padding's id, which codecs do not show.
    is_written_pad = is_real & (token_ids == codec.pad_id)
    tokens = codec.tokens(tf.where(is_written_pad, codec.unknown_id, token_ids))
    tokens = tokens.to_tensor("", shape=[None, None])
    return tf.pad(tokens, [[0, 0], [0, width - tf.shape(tokens)[1]]], constant_values="")


def _with_end(tokens: tf.RaggedTensor, codec: TextCodec) -> tf.RaggedTensor:
    ends = tf.fill([tokens.nrows(), 1], tf.constant(codec.end_id, tokens.dtype))
    return tf.concat([tokens, tf.RaggedTensor.from_tensor(ends)], axis=1)


def _padded(tokens: tf.RaggedTensor, codec: TextCodec, truncated: Tensor) -> EncodedTexts:
    lengths = tf.cast(tokens.row_lengths(), tf.int32)
    # An empty batch still has one column: loops over no steps at all are nobody's strong side.
    width = tf.maximum(tf.reduce_max(lengths), 1)
    token_ids = tokens.to_tensor(codec.pad_id, shape=[None, None])
    token_ids = tf.pad(token_ids, [[0, 0], [0, width - tf.shape(token_ids)[1]]])
    return EncodedTexts(tf.cast(token_ids, tf.int32), lengths, truncated)
