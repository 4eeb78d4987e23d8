"""TensorFlow's kernels that pass over memory once, where `keras.ops` passes several times.

This is the one file of the room that knows a backend. Each function does the same with
`keras.ops`, or says that it does not apply, so that the room works with every backend.
"""

from typing import Any

import keras
from keras import ops

from kerasseq.typing import Tensor


def subtract_at(matrix: Tensor, columns: Tensor, values: Tensor) -> Tensor:
    """Returns `matrix` with `values[row]` taken off at `[row, columns[row]]`.

    The scatter writes into `matrix` itself when nobody else reads it; `where`, and TensorFlow's
    `tensor_scatter_nd_sub`, make a second matrix of the size of the logits (65 MB for
    2,048 x 8,000, 12 ms).

    Args:
        matrix: `(rows, size)`.
        columns: `(rows,)` int32.
        values: `(rows,)`.
    """
    if keras.backend.backend() != "tensorflow":
        chosen = ops.arange(matrix.shape[-1], dtype="int32") == ops.expand_dims(columns, -1)
        return matrix - ops.where(chosen, ops.expand_dims(values, -1), 0.0)
    import tensorflow as tf

    cells = tf.stack([tf.range(tf.shape(columns)[0]), columns], axis=1)  # (rows, 2)
    return tf.raw_ops.ScatterNdNonAliasingAdd(input=matrix, indices=cells, updates=-values)


def can_apply_adam(gradient: Any, variable: Any) -> bool:
    """Returns whether `apply_adam` may stand in for Keras' own update of `variable`."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(gradient, tf.Tensor) and variable.dtype in (tf.float32, tf.float64)


def apply_adam(
    variable: Any,
    momentum: keras.Variable,
    velocity: keras.Variable,
    gradient: Tensor,
    learning_rate: Tensor,
    step: Tensor,
    optimizer: keras.optimizers.Adam,
) -> None:
    """Updates `variable` and its two moments in place, in one pass.

    Args:
        variable: Keras' or TensorFlow's variable, or the part of one that a replica holds.
        momentum: the mean of the gradients so far.
        velocity: the mean of their squares.
        gradient: a dense tensor of the variable's shape.
        learning_rate: a scalar.
        step: the number of this update, counted from 1.
        optimizer: names `beta_1`, `beta_2` and `epsilon`.
    """
    import tensorflow as tf

    # `apply` hands over the variable of TensorFlow, a direct call Keras' own around it.
    variable = variable.value if isinstance(variable, keras.Variable) else variable
    dtype = variable.dtype
    beta_1, beta_2 = (dtype.as_numpy_dtype(beta) for beta in (optimizer.beta_1, optimizer.beta_2))
    # The kernel takes 1 - beta_2 of the rounded beta_2, Keras rounds 1 - beta_2: in float32 that
    # is 1.3e-5 more or less in all velocities (more as beta_2 nears 1), and the rate makes up for
    # it, and epsilon, which stands beside their root.
    surplus = (float(1 - beta_2) / (1 - optimizer.beta_2)) ** 0.5
    step = tf.cast(step, dtype)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=momentum.value.handle,
        v=velocity.value.handle,
        beta1_power=tf.pow(tf.cast(optimizer.beta_1, dtype), step),
        beta2_power=tf.pow(tf.cast(optimizer.beta_2, dtype), step),
        lr=tf.cast(learning_rate, dtype) * surplus,
        beta1=beta_1,
        beta2=beta_2,
        epsilon=dtype.as_numpy_dtype(optimizer.epsilon * surplus),
        grad=tf.cast(gradient, dtype),
    )
