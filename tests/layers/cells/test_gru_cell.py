from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from kerasseq.layers import GRUCell
from kerasseq.layers.cells.run_over_time import run_over_time

Array = np.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def test_a_step_is_the_published_formula() -> None:
    cell = GRUCell(2)
    cell.build((None, 1))
    kernel = np.array([[1, -1, 2, 0, 1, 3]]) / 2
    recurrent_kernel = np.arange(12).reshape(2, 6) / 6 - 1
    bias = np.array([[0, 1, 1, -1, 0, 2], [1, 0, -1, 0, 3, -2]]) / 4
    cell.set_weights([kernel, recurrent_kernel, bias])
    x, h = np.array([[3.0]]), np.array([[0.5, -0.25]])

    z, r, n = np.split(x @ kernel + bias[0], 3, axis=1)
    z_h, r_h, n_h = np.split(h @ recurrent_kernel + bias[1], 3, axis=1)
    update = sigmoid(z + z_h)
    candidate = np.tanh(n + sigmoid(r + r_h) * n_h)
    expected = update * h + (1 - update) * candidate

    output, (hidden,) = cell(x.astype("float32"), [h])
    np.testing.assert_allclose(output, expected, atol=1e-6)
    np.testing.assert_allclose(hidden, expected, atol=1e-6)


def test_it_equals_the_layer_of_keras_with_the_same_weights(numbers: Callable[..., Array]) -> None:
    keras_layer = keras.layers.GRU(4, return_sequences=True, return_state=True, reset_after=True)
    inputs, state = numbers(3, 5, 2), numbers(3, 4)
    expected, last = keras_layer(inputs, initial_state=ops.convert_to_tensor(state))
    cell = GRUCell(4)
    cell.build((None, 2))
    cell.set_weights(keras_layer.get_weights())
    outputs, (found,) = run_over_time(
        cell, ops.convert_to_tensor(inputs.transpose(1, 0, 2)), [ops.convert_to_tensor(state)]
    )
    np.testing.assert_allclose(ops.transpose(outputs, (1, 0, 2)), expected, atol=1e-5)
    np.testing.assert_allclose(found, last, atol=1e-5)
