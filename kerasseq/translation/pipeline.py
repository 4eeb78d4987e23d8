"""Strings to strings in one graph: what Python, the saved file and the SavedModel all run."""

from typing import NamedTuple

import tensorflow as tf

from kerasseq.models import SequenceToSequence
from kerasseq.search import Search, SearchResult
from kerasseq.text import TextCodec
from kerasseq.typing import Tensor


class EncodedSource(NamedTuple):
    """Source texts as ids.

    Attributes:
        token_ids: `(batch, source_length)` int32, the end included, padded on the right.
        lengths: `(batch,)` int32.
        truncated: `(batch,)` boolean, whether tokens were cut off.
    """

    token_ids: Tensor
    lengths: Tensor
    truncated: Tensor


def encode_source(texts: Tensor, codec: TextCodec, max_length: int) -> EncodedSource:
    """Returns texts as the encoder reads them: tokens and the end, at most `max_length`.

    Args:
        texts: `(batch,)` strings.
        codec: the source codec.
        max_length: the most tokens, the end included.
    """
    tokens = codec.encode(texts)
    truncated = tokens.row_lengths() > max_length - 1
    tokens = tokens[:, : max_length - 1]
    ends = tf.fill([tf.shape(texts)[0], 1], tf.constant(codec.end_id, tokens.dtype))
    tokens = tf.concat([tokens, tf.RaggedTensor.from_tensor(ends)], axis=1)
    lengths = tf.cast(tokens.row_lengths(), tf.int32)
    # An empty batch still has one column: loops over no steps at all are nobody's strong side.
    width = tf.maximum(tf.reduce_max(lengths), 1)
    token_ids = tokens.to_tensor(codec.pad_id, shape=[None, None])
    token_ids = tf.pad(token_ids, [[0, 0], [0, width - tf.shape(token_ids)[1]]])
    return EncodedSource(tf.cast(token_ids, tf.int32), lengths, truncated)


def search_source(
    source: EncodedSource, network: SequenceToSequence, search: Search
) -> SearchResult:
    """Encodes the source once and searches its outputs.

    Args:
        source: the source ids.
        network: the trained network.
        search: how outputs are found.
    """
    min_lengths, max_lengths = search.limits(source.lengths)
    longest = tf.maximum(tf.reduce_max(max_lengths), 1)
    step, state, source_mask = network.start_search(source.token_ids, longest)
    return search(
        step,
        state,
        max_lengths,
        tf.shape(source.token_ids)[1],
        min_lengths=min_lengths,
        source_mask=source_mask,
    )


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
