"""Tensors that a loop carries: fixed shapes, one row written a step.

A loop may not let a carried tensor lose shape information, and must not copy what it does not
change: a step writes with `scatter_update`, which TensorFlow does in place.
"""

from typing import TypeVar

import keras
from keras import ops

from kerasseq.typing import State, Tensor

Buffers = TypeVar("Buffers")


def write(buffer: Tensor, position: Tensor, row: Tensor) -> Tensor:
    """Returns `buffer` `(max_length, ...)` with `row` `(...)` at `position`, a scalar."""
    return ops.scatter_update(buffer, ops.reshape(position, (1, 1)), row[None])


def write_rows(buffers: Buffers, position: Tensor, places: Tensor, rows: Buffers) -> Buffers:
    """Returns buffers with what some rows have at a position.

    Args:
        buffers: a structure of `(max_length, batch, ...)` tensors.
        position: scalar int32.
        places: `(rows,)` int32, which of the batch they are.
        rows: the same structure of `(rows, ...)` tensors.
    """
    indices = ops.stack([ops.broadcast_to(position, ops.shape(places)), places], axis=-1)
    written: Buffers = keras.tree.map_structure(
        lambda buffer, row: ops.scatter_update(buffer, indices, row), buffers, rows
    )
    return written


def like(tensor: Tensor, reference: Tensor) -> Tensor:
    """Returns `tensor` with the static shape of `reference`, which it must have anyway.

    The number of rows, the first axis, may be another where it is not known.
    """
    if tuple(tensor.shape) == tuple(reference.shape):
        return tensor
    shape = ops.shape(reference)
    rows = shape[:1] if isinstance(shape[0], int) else ops.shape(tensor)[:1]
    return ops.reshape(tensor, (*rows, *shape[1:]))


def repeat(tensor: Tensor, times: Tensor) -> Tensor:
    """Returns `(batch * times, ...)` from `(batch, ...)`, copies of one source side by side."""
    if isinstance(times, int) and times == 1:
        return tensor
    return ops.repeat(tensor, times, axis=0)


def repeat_all(state: State, times: Tensor) -> State:
    """Returns every tensor of a state repeated, see `repeat`."""
    return [repeat(tensor, times) for tensor in state]
