"""Shared arithmetic of windows over the source."""

from keras import ops

from kerasseq.typing import Tensor


def real_positions(mask: Tensor) -> Tensor:
    """Returns for each real position how many real ones stand before it, float32.

    Args:
        mask: boolean `(..., source_length)`.
    """
    return ops.cast(ops.cumsum(ops.cast(mask, "int32"), axis=-1) - 1, "float32")


def real_length(mask: Tensor) -> Tensor:
    """Returns how many positions are real, float32, over the last axis."""
    return ops.cast(ops.sum(ops.cast(mask, "int32"), axis=-1), "float32")
