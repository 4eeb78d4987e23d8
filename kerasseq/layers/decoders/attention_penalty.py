from keras import ops

from kerasseq.typing import Tensor


def doubly_stochastic_penalty(
    attention_weights: Tensor, target_mask: Tensor | None, source_mask: Tensor
) -> Tensor:
    """Returns how far the attention to each source position, summed over the target, is from 1.

    `sum_i (1 - sum_t a_ti)^2` of each sentence, where `t` and `i` run over what is real; summed
    over the batch and divided by its real target positions, so that it stands to a loss averaged
    over tokens as the paper's stands to one summed over a sentence.

    Args:
        attention_weights: `(batch, target_length, source_length)`.
        target_mask: boolean `(batch, target_length)`, or `None` if all is real.
        source_mask: boolean `(batch, source_length)`.

    Returns:
        A float32 scalar.

    Reference:
        Xu et al., Show, Attend and Tell, 2015, eq. 14.
    """
    if target_mask is None:
        target_mask = ops.ones(ops.shape(attention_weights)[:2], "bool")
    real = ops.cast(ops.expand_dims(target_mask, -1), "float32")
    seen = ops.sum(attention_weights * real, axis=1)  # (batch, source_length)
    uneven = ops.where(source_mask, ops.square(1 - seen), 0)
    return ops.sum(uneven) / ops.maximum(ops.sum(real), 1)
