from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from kerasseq.layers import SimpleCell
from kerasseq.layers.cells.run_over_time import run_over_time

Array = np.ndarray


def test_a_step_is_the_published_formula() -> None:
    cell = SimpleCell(2)
    cell.build((None, 1))
    cell.set_weights([np.array([[1.0, -2.0]]), np.array([[1, 2], [3, 4]]) / 4, np.array([0, 0.5])])
    output, (hidden,) = cell(ops.ones((1, 1)), [ops.convert_to_tensor([[1.0, 2.0]])])
    expected = np.tanh([[1 + 7 / 4, -2 + 10 / 4 + 1 / 2]])
    np.testing.assert_allclose(output, expected, atol=1e-6)
    np.testing.assert_allclose(hidden, expected, atol=1e-6)


def test_it_equals_the_layer_of_keras_with_the_same_weights(numbers: Callable[..., Array]) -> None:
    keras_layer = keras.layers.SimpleRNN(4, return_sequences=True, return_state=True)
    inputs, state = numbers(3, 5, 2), numbers(3, 4)
    expected, last = keras_layer(inputs, initial_state=ops.convert_to_tensor(state))
    cell = SimpleCell(4)
    cell.build((None, 2))
    cell.set_weights(keras_layer.get_weights())
    outputs, (found,) = run_over_time(
        cell, ops.convert_to_tensor(inputs.transpose(1, 0, 2)), [ops.convert_to_tensor(state)]
    )
    np.testing.assert_allclose(ops.transpose(outputs, (1, 0, 2)), expected, atol=1e-5)
    np.testing.assert_allclose(found, last, atol=1e-5)
