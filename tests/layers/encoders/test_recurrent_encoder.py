from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import RecurrentEncoder

Array = np.ndarray


@pytest.fixture
def inputs(numbers: Callable[..., Array]) -> Any:
    return ops.convert_to_tensor(numbers(3, 5, 4))


def single(encoder: RecurrentEncoder, layer: int, width: int) -> RecurrentEncoder:
    """One layer of an encoder as an encoder of its own, with its weights."""
    cells = encoder.forward_cells[layer : layer + 1] + encoder.backward_cells[layer : layer + 1]
    alone = RecurrentEncoder(encoder.units, cell=encoder.cell, bidirectional=len(cells) == 2)
    alone.build((None, None, width))
    alone.set_weights([weight for cell in cells for weight in cell.get_weights()])
    return alone


@pytest.mark.parametrize(("cell", "name"), [("lstm", "LSTM"), ("gru", "GRU")])
def test_it_equals_bidirectional_of_keras_under_a_mask(
    cell: str, name: str, inputs: Any, mask_of: Callable[..., Array]
) -> None:
    layer = getattr(keras.layers, name)(4, return_sequences=True, return_state=True)
    bidirectional = keras.layers.Bidirectional(layer)
    lengths = (5, 3, 1)
    mask = mask_of(lengths, 5)
    expected, *expected_state = bidirectional(inputs, mask=ops.convert_to_tensor(mask))
    encoder = RecurrentEncoder(4, cell=cell, bidirectional=True)
    encoder.build(inputs.shape)
    encoder.set_weights(bidirectional.get_weights())
    memory, state = encoder(inputs, mask=ops.convert_to_tensor(mask))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(memory[row, :length], expected[row, :length], atol=1e-5)
    half = len(expected_state) // 2
    for index, tensor in enumerate(state):
        both = ops.concatenate([expected_state[index], expected_state[half + index]], axis=-1)
        np.testing.assert_allclose(tensor, both, atol=1e-5)


def test_a_stack_is_one_layer_above_another(inputs: Any) -> None:
    encoder = RecurrentEncoder(4, cell="lstm", num_layers=2, bidirectional=True)
    memory, state = encoder(inputs)
    below, lower_state = single(encoder, 0, 4)(inputs)
    above, upper_state = single(encoder, 1, 8)(below)
    np.testing.assert_allclose(memory, above, atol=1e-6)
    for one, other in zip(state, lower_state + upper_state, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_bidirectional_first_reads_back_in_the_lowest_layer_alone(inputs: Any) -> None:
    encoder = RecurrentEncoder(4, cell="gru", num_layers=2, bidirectional="first")
    memory, state = encoder(inputs)
    below, _ = single(encoder, 0, 4)(inputs)
    above, _ = single(encoder, 1, 8)(below)
    np.testing.assert_allclose(memory, above, atol=1e-6)
    assert [tensor.shape[-1] for tensor in state] == [8, 4]


def test_a_residual_layer_adds_its_input_from_the_chosen_layer_on(inputs: Any) -> None:
    encoder = RecurrentEncoder(4, cell="gru", num_layers=3, residual_from=1)
    memory, _ = encoder(inputs)
    first, _ = single(encoder, 0, 4)(inputs)
    second = single(encoder, 1, 4)(first)[0] + first
    third = single(encoder, 2, 4)(second)[0] + second
    np.testing.assert_allclose(memory, third, atol=1e-6)


def simple_encoder(kernel: float, recurrent: float, **options: Any) -> RecurrentEncoder:
    """`h' = tanh(kernel x + recurrent h + 1/4)`, each unit by itself."""
    encoder = RecurrentEncoder(4, cell="simple", seed=3, **options)
    encoder.build((None, None, 4))
    for cell in encoder.forward_cells:
        cell.set_weights([kernel * np.eye(4), recurrent * np.eye(4), np.full(4, 0.25)])
    return encoder


def assert_each_is_one_of(values: Any, options: list[Array]) -> None:
    """Each element is that of one of the options, and each option occurs."""
    values = ops.convert_to_numpy(values)
    matches = [np.isclose(values, option, atol=1e-6) for option in options]
    assert np.all(np.any(matches, axis=0))
    assert all(np.any(match) for match in matches)


def test_input_dropout_zeroes_inputs_and_scales_the_others_up(inputs: Any) -> None:
    memory, _ = simple_encoder(1, 0, input_dropout=0.5)(inputs, training=True)
    kept = np.tanh(2 * ops.convert_to_numpy(inputs) + 0.25)
    assert_each_is_one_of(memory, [np.full_like(kept, np.tanh(0.25)), kept])


def test_dropout_between_layers_spares_the_lowest(inputs: Any) -> None:
    encoder = simple_encoder(1, 0, num_layers=2, dropout=0.5)
    memory, state = encoder(inputs, training=True)
    below = np.tanh(ops.convert_to_numpy(inputs) + 0.25)
    np.testing.assert_allclose(state[0], below[:, -1], atol=1e-6)
    assert_each_is_one_of(memory, [np.full_like(below, np.tanh(0.25)), np.tanh(2 * below + 0.25)])


def test_output_dropout_leaves_the_state_alone(inputs: Any) -> None:
    memory, (hidden,) = simple_encoder(1, 0, output_dropout=0.5)(inputs, training=True)
    kept = np.tanh(ops.convert_to_numpy(inputs) + 0.25)
    np.testing.assert_allclose(hidden, kept[:, -1], atol=1e-6)
    assert_each_is_one_of(memory, [np.zeros_like(kept), 2 * kept])


def test_recurrent_dropout_is_the_same_at_every_step(inputs: Any) -> None:
    memory, _ = simple_encoder(0, 0.5, recurrent_dropout=0.5)(inputs, training=True)
    memory = ops.convert_to_numpy(memory)
    steps = [np.tanh(0.25)]  # without the hidden state, and with it twice as large
    for _ in range(4):
        steps.append(np.tanh(0.5 * 2 * steps[-1] + 0.25))
    kept = np.broadcast_to(np.array(steps)[:, None], memory.shape[1:])
    for row in memory:
        dropped = np.isclose(row[1], np.tanh(0.25), atol=1e-6)
        expected = np.where(dropped, np.tanh(0.25), kept)
        np.testing.assert_allclose(row, expected, atol=1e-6)
    second_step = memory[:, 1]
    assert_each_is_one_of(second_step, [np.full((3, 4), np.tanh(0.25)), np.full((3, 4), steps[1])])


def test_a_residual_layer_of_other_width_is_an_error_with_the_way_out() -> None:
    encoder = RecurrentEncoder(4, num_layers=2, residual_from=0)
    with pytest.raises(
        ValueError, match=r"layer 0 with input 3 and output 4\. Use `residual_from=1`"
    ):
        encoder.build((None, None, 3))


def test_an_unknown_direction_is_an_error_with_the_options() -> None:
    with pytest.raises(ValueError, match=r"True, False, 'first'\. Received: 'last'"):
        RecurrentEncoder(4, bidirectional="last")
