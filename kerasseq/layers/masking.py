"""Shared arithmetic of masks: boolean, `True` is real, applied by `where` in float32."""

from keras import ops

from kerasseq.layers import hand_gradients
from kerasseq.layers.loop_products import gradients_wanted
from kerasseq.typing import Tensor


def masked_softmax(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Returns the softmax over the last axis, exactly 0 where `mask` is `False`.

    A row with nothing real gives zeros, and its gradient is finite.

    Args:
        scores: `(..., length)`.
        mask: boolean, broadcastable to `scores`; `None` means all real.

    Returns:
        Float32 tensor of the shape of `scores`; rows sum to 1, or to 0 where nothing is real.
    """
    scores = ops.cast(scores, "float32")
    if mask is None:
        return ops.softmax(scores, axis=-1)
    # A large finite value and not -inf: a row with nothing real would be NaN, forward and back.
    weights = ops.softmax(ops.where(mask, scores, -1e30), axis=-1)
    return ops.where(mask, weights, 0.0)


def masked_mean(values: Tensor, mask: Tensor | None, axis: int = 1) -> Tensor:
    """Returns the mean over `axis` of what `mask` calls real; zeros where nothing is.

    Args:
        values: `(batch, length, units)`.
        mask: boolean `(batch, length)`; `None` means all real.
        axis: the axis of length.
    """
    if mask is None:
        # Not `ops.mean`, which over no position at all is NaN.
        count = ops.maximum(ops.cast(ops.shape(values)[axis], values.dtype), 1)
        return ops.sum(values, axis=axis) / count
    real = ops.cast(ops.expand_dims(mask, -1), values.dtype)
    count = ops.maximum(ops.sum(real, axis=axis), 1)
    return ops.sum(ops.where(ops.expand_dims(mask, -1), values, 0), axis=axis) / count


def masked_max(values: Tensor, mask: Tensor | None, axis: int = 1) -> Tensor:
    """Returns the largest over `axis` of what `mask` calls real; zeros where nothing is.

    Args:
        values: `(batch, length, units)`.
        mask: boolean `(batch, length)`; `None` means all real.
        axis: the axis of length.
    """
    if mask is not None:
        values = ops.where(ops.expand_dims(mask, -1), values, -1e30)
    largest = ops.max(values, axis=axis, initial=-1e30)
    return ops.where(largest > -1e30, largest, 0)


def zero_padding(values: Tensor, mask: Tensor | None) -> Tensor:
    """Returns `values`, zero where `mask` is `False`.

    Args:
        values: `(..., units)`.
        mask: boolean of the shape of `values` without its last axis; `None` means all real.
    """
    if mask is None:
        return values
    return ops.where(ops.expand_dims(ops.cast(mask, "bool"), -1), values, 0)


def keep_where(mask: Tensor, new: list[Tensor], old: list[Tensor]) -> list[Tensor]:
    """Returns `new` for the rows that `mask` calls real and `old` for the others.

    Args:
        mask: boolean `(rows,)`.
        new: tensors of shape `(rows, ...)`.
        old: tensors of the same shapes.
    """
    choose = hand_gradients.choose if gradients_wanted() else ops.where
    return [
        choose(ops.reshape(mask, (-1,) + (1,) * (len(after.shape) - 1)), after, before)
        for after, before in zip(new, old, strict=True)
    ]
