"""Gathers by place: one op on TensorFlow where `ops.take_along_axis` takes a dozen."""

from keras import ops

from kerasseq.typing import Tensor


def gather(table: Tensor, places: Tensor) -> Tensor:
    """Returns `table[places]`, of the shape `(*places.shape, ...)`.

    Args:
        table: `(size, ...)`.
        places: int32 of any shape.
    """
    shape = (*ops.shape(places), *ops.shape(table)[1:])
    return ops.reshape(ops.take(table, places, axis=0), shape)  # JAX loses the shape of nothing


def pick(values: Tensor, places: Tensor) -> Tensor:
    """Returns `values[row, places[row, i]]`.

    Args:
        values: `(rows, width)`.
        places: `(rows, count)` int32.

    Returns:
        `(rows, count)`.
    """
    rows, width = ops.shape(values)
    first = ops.arange(rows, dtype="int32")[:, None] * width
    return gather(ops.reshape(values, (-1,)), first + places)
