"""Several positions become one: what lies between the layers of a pyramidal encoder."""

from keras import ops

from kerasseq.layers import masking
from kerasseq.typing import Tensor


def reduced_length(length: int, reduction: int) -> int:
    """Returns how many groups of `reduction` positions there are, the last perhaps not full."""
    return (length + reduction - 1) // reduction


def reduce_values(values: Tensor, mask: Tensor | None, reduction: int) -> Tensor:
    """Joins the vectors of neighbouring positions; padding, and what a last group lacks, is zero.

    Args:
        values: `(time, batch, units)`.
        mask: boolean `(time, batch)`, or `None`.
        reduction: how many positions become one.

    Returns:
        `(reduced_time, batch, reduction * units)`.
    """
    length, batch, units = ops.shape(values)
    groups = reduced_length(length, reduction)
    missing = ops.zeros((reduction - 1, batch, units), values.dtype)
    values = ops.concatenate([masking.zero_padding(values, mask), missing], axis=0)
    values = ops.reshape(values[: groups * reduction], (groups, reduction, batch, units))
    return ops.reshape(
        ops.transpose(values, (0, 2, 1, 3)), (groups, batch, reduction * values.shape[-1])
    )


def reduce_mask(mask: Tensor, reduction: int) -> Tensor:
    """Returns the mask of the groups: one is real if any of its positions is.

    Args:
        mask: boolean `(batch, time)`.
        reduction: how many positions become one.

    Returns:
        Boolean `(batch, reduced_time)`.
    """
    # Pooling, and not a reshape: Keras computes masks symbolically too, where lengths are unknown.
    real = ops.pad(ops.cast(mask, "float32"), ((0, 0), (0, reduction - 1)))
    pooled = ops.max_pool(
        ops.expand_dims(real, -1), reduction, reduction, data_format="channels_last"
    )
    return ops.squeeze(pooled, -1) > 0
