from collections.abc import Callable

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import GRUCell, RecurrentEncoder, ResidualCell

Array = np.ndarray


def test_the_output_is_that_of_the_cell_inside_and_the_input(numbers: Callable[..., Array]) -> None:
    inputs, state = ops.convert_to_tensor(numbers(2, 4)), ops.convert_to_tensor(numbers(2, 4))
    cell = ResidualCell(4, cell="gru")
    output, (hidden,) = cell(inputs, [state])
    inside, _ = cell.inner_cell(inputs, [state])
    np.testing.assert_allclose(output, inside + inputs, atol=1e-6)
    np.testing.assert_allclose(hidden, inside, atol=1e-6)


def test_the_cell_inside_may_be_a_config_or_an_object() -> None:
    config = ResidualCell(4, cell={"name": "layer_normalized_lstm", "epsilon": 0.5})
    assert config.inner_cell.epsilon == 0.5
    assert config.state_names == ("hidden", "cell")
    given = GRUCell(4, recurrent_initializer="zeros")
    copied = ResidualCell(4, cell=given).inner_cell
    assert copied is not given
    assert type(copied.recurrent_initializer).__name__ == "Zeros"


def test_a_stack_of_residual_cells_equals_residual_layers(numbers: Callable[..., Array]) -> None:
    inputs = ops.convert_to_tensor(numbers(2, 3, 4))
    cells = RecurrentEncoder(4, cell={"name": "residual", "cell": "gru"}, num_layers=2)
    layers = RecurrentEncoder(4, cell="gru", num_layers=2, residual_from=0)
    memory, state = cells(inputs)
    layers(inputs)
    layers.set_weights(cells.get_weights())
    expected, expected_state = layers(inputs)
    np.testing.assert_allclose(memory, expected, atol=1e-6)
    np.testing.assert_allclose(state[1], expected_state[1], atol=1e-6)


def test_the_message_for_an_input_of_another_size_says_both_sizes() -> None:
    with pytest.raises(ValueError, match=r"Received: input 3, output 4\. .*`residual_from`"):
        ResidualCell(4).build((None, 3))
