"""Attention over a memory that is shorter than its source, said of the source's tokens."""

import tensorflow as tf

from kerasseq.typing import Tensor


def weights_of_tokens(
    weights: Tensor, lengths: Tensor, token_ids: Tensor, reduction: int
) -> Tensor:
    """Shares the weight of each position of the memory among the tokens it was made of.

    Args:
        weights: `(batch, n_best, target_length, memory_length)`.
        lengths: `(batch,)`, how many tokens each source has.
        token_ids: `(batch, source_length)`.
        reduction: how many tokens one position of the memory stands for.

    Returns:
        `(batch, n_best, target_length, source_length)`: the same sums, 0 on padding.
    """
    width, memory_length = tf.shape(token_ids)[1], tf.shape(weights)[3]

    def share() -> Tensor:
        # A layer of the user's may shorten the source too, and say nothing of it.
        group = tf.maximum(reduction, -(-width // tf.maximum(memory_length, 1)))
        position = tf.minimum(tf.range(width) // group, memory_length - 1)
        is_token = tf.sequence_mask(lengths, width, tf.float32)  # (batch, source_length)
        of_same = tf.cast(position[:, None] == position[None], tf.float32)
        shares = is_token / tf.maximum(tf.matmul(is_token, of_same), 1.0)
        return tf.gather(weights, position, axis=3) * shares[:, None, None]

    return tf.cond(tf.equal(width, memory_length), lambda: weights, share)
