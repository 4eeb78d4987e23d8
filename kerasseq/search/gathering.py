"""Reads by place, in one operation where TensorFlow has one.

`ops.take` makes negative places count from the end, which is four further operations on
TensorFlow, and `ops.take_along_axis` a dozen; a search reads by place at every step. Places here
are never negative.
"""

import keras
from keras import ops

from kerasseq.typing import Tensor


def take(table: Tensor, places: Tensor, axis: int = 0) -> Tensor:
    """Returns `ops.take(table, places, axis)`; no place and no axis is negative."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.gather(table, places, axis=axis)
    before, after = ops.shape(table)[:axis], ops.shape(table)[axis + 1 :]
    shape = (*before, *ops.shape(places), *after)
    return ops.reshape(ops.take(table, places, axis=axis), shape)  # JAX loses that of nothing


def pick(values: Tensor, places: Tensor) -> Tensor:
    """Returns `values[row, places[row, i]]`.

    Args:
        values: `(rows, width, ...)`.
        places: `(rows, count)` int32, none negative.

    Returns:
        `(rows, count, ...)`.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.gather(values, places, axis=1, batch_dims=1)
    rows = ops.arange(ops.shape(places)[0], dtype="int32")[:, None]
    return values[rows, places]


def padded_ids(token_ids: Tensor, lengths: Tensor) -> Tensor:
    """Returns ids with one of every vocabulary behind them, and a column more, so that one is read.

    What stands there is looked up and thrown away.

    Args:
        token_ids: `(rows, width)` int32; what stands behind the lengths may be anything.
        lengths: `(rows,)` int32, how many ids of each row are real.

    Returns:
        `(rows, width + 1)` int32.
    """
    real = ops.arange(ops.shape(token_ids)[1], dtype="int32") < lengths[:, None]
    return ops.pad(ops.where(real, token_ids, 0), ((0, 0), (0, 1)))
