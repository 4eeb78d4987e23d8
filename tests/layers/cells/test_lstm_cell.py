from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import LSTMCell
from kerasseq.layers.cells.run_over_time import run_over_time

Array = np.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def test_a_step_is_the_published_formula() -> None:
    cell = LSTMCell(2)
    cell.build((None, 1))
    kernel = np.array([[1, -1, 2, 0, 1, 1, -1, 3]]) / 2
    recurrent_kernel = np.arange(16).reshape(2, 8) / 8 - 1
    bias = np.array([0, 1, 1, 1, -1, 0, 0, 2]) / 4
    cell.set_weights([kernel, recurrent_kernel, bias])
    x, h, c = np.array([[3.0]]), np.array([[0.5, -0.25]]), np.array([[1.0, -2.0]])

    enter, forget, candidate, leave = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
    new_c = sigmoid(forget) * c + sigmoid(enter) * np.tanh(candidate)
    new_h = sigmoid(leave) * np.tanh(new_c)

    output, (hidden, memory) = cell(x.astype("float32"), [h, c])
    np.testing.assert_allclose(output, new_h, atol=1e-6)
    np.testing.assert_allclose(hidden, new_h, atol=1e-6)
    np.testing.assert_allclose(memory, new_c, atol=1e-6)


def test_it_equals_the_layer_of_keras_with_the_same_weights(numbers: Callable[..., Array]) -> None:
    keras_layer = keras.layers.LSTM(4, return_sequences=True, return_state=True)
    inputs, state = numbers(3, 5, 2), [numbers(3, 4), numbers(3, 4)]
    expected, *last = keras_layer(inputs, initial_state=[ops.convert_to_tensor(s) for s in state])
    cell = LSTMCell(4)
    cell.build((None, 2))
    cell.set_weights(keras_layer.get_weights())
    outputs, found = run_over_time(
        cell, ops.convert_to_tensor(inputs.transpose(1, 0, 2)), [*map(ops.convert_to_tensor, state)]
    )
    np.testing.assert_allclose(ops.transpose(outputs, (1, 0, 2)), expected, atol=1e-5)
    for one, other in zip(found, last, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [("zeros", [0, 0, 1, 1, 0, 0, 0, 0]), ("ones", [1] * 8)],
)
def test_the_forget_gate_starts_open(initializer: str, expected: list[float]) -> None:
    cell = LSTMCell(2, bias_initializer=initializer)
    cell.build((None, 1))
    assert ops.convert_to_numpy(cell.bias).tolist() == expected
