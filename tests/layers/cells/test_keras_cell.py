import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import (
    AttentionDecoder,
    DenseBridge,
    KerasCell,
    PyramidalEncoder,
    RecurrentDecoder,
    RecurrentEncoder,
)
from kerasseq.layers.cells import get_cell

Array = np.ndarray


@keras.saving.register_keras_serializable("tests")
class TwoSizes(keras.layers.Layer):
    """A cell of a user: its states are of two sizes, and its output is neither."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_size = [4, 3]
        self.output_size = 4

    def build(self, inputs_shape: Sequence[int]) -> None:
        self.kernel = self.add_weight((inputs_shape[-1], 7), name="kernel")

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        wide, narrow = states
        product = ops.matmul(inputs, self.kernel)
        wide, narrow = ops.tanh(wide + product[:, :4]), ops.tanh(narrow + product[:, 4:])
        return wide + ops.sum(narrow, axis=-1, keepdims=True), [wide, narrow]


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_a_cell_of_keras_gives_what_its_layer_gives(
    name: str, numbers: Callable[..., Array]
) -> None:
    inputs = ops.convert_to_tensor(numbers(3, 5, 2))
    keras_cell = getattr(keras.layers, f"{name}Cell")(4)
    encoder = RecurrentEncoder(4, cell=keras_cell)
    memory, state = encoder(inputs)
    keras_layer = getattr(keras.layers, name)(4, return_sequences=True, return_state=True)
    keras_layer(inputs)
    keras_layer.set_weights([weight.numpy() for weight in encoder.trainable_variables])
    expected, *expected_state = keras_layer(inputs)
    np.testing.assert_allclose(memory, expected, atol=1e-5)
    for one, other in zip(state, expected_state, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_cell_of_the_user_serves_encoder_bridge_and_decoder(
    numbers: Callable[..., Array],
) -> None:
    inputs = ops.convert_to_tensor(numbers(2, 3, 4))
    memory, state = RecurrentEncoder(4, cell=TwoSizes(), bidirectional=True)(inputs)
    assert [tuple(tensor.shape) for tensor in state] == [(2, 8), (2, 6)]
    state = DenseBridge(4, cell=TwoSizes(), num_layers=2)(state)
    assert [tensor.shape[-1] for tensor in state] == [4, 3, 4, 3]
    decoder = AttentionDecoder(4, cell=TwoSizes(), num_layers=2, wiring="bahdanau")
    outputs, _, _ = decoder(inputs, memory, state)
    assert tuple(outputs.shape) == (2, 3, 4)


def test_a_cell_given_to_an_encoder_is_a_pattern() -> None:
    pattern = keras.layers.GRUCell(4, recurrent_initializer="zeros")
    encoder = RecurrentEncoder(4, cell=pattern, num_layers=2)
    encoder.build((None, None, 3))
    inside = [cell.cell for cell in encoder.forward_cells]
    assert len({id(cell) for cell in [pattern, *inside]}) == 3
    assert all(np.all(cell.recurrent_kernel.numpy() == 0) for cell in inside)


def test_a_config_of_a_keras_cell_is_taken_too() -> None:
    config = keras.saving.serialize_keras_object(keras.layers.GRUCell(4))
    assert isinstance(get_cell(config, units=4), KerasCell)


def test_the_slow_path_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    class Unheard(keras.layers.GRUCell):
        """No other test has made one."""

    with caplog.at_level(logging.WARNING, logger="kerasseq"):
        KerasCell(4, cell=Unheard(4))
        KerasCell(4, cell=Unheard(4))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("Unheard runs step by step")


def test_what_is_no_cell_is_an_error_that_names_it() -> None:
    with pytest.raises(TypeError, match=r"`cell` must be a Keras layer .*Received: 3"):
        KerasCell(4, cell=3)


def test_a_cell_of_another_size_is_an_error_with_both_sizes() -> None:
    with pytest.raises(ValueError, match="a cell of 5 units in a layer of 4"):
        RecurrentEncoder(4, cell=keras.layers.LSTMCell(5))


def test_nested_states_are_an_error_with_the_way_out() -> None:
    cells = keras.layers.StackedRNNCells([keras.layers.LSTMCell(4), keras.layers.LSTMCell(4)])
    with pytest.raises(ValueError, match=r"`state_size=\[\[4, 4\], \[4, 4\]\]`.*`num_layers`"):
        KerasCell(4, cell=cells)


@pytest.mark.parametrize("argument", ["dropout", "recurrent_dropout"])
def test_dropout_inside_is_an_error_that_names_the_argument(argument: str) -> None:
    with pytest.raises(ValueError, match=rf"Received: `{argument}=0\.5`"):
        KerasCell(4, cell=keras.layers.GRUCell(4, **{argument: 0.5}))


def test_recurrent_dropout_from_outside_is_an_error() -> None:
    message = r"`recurrent_dropout` must be 0 with a cell of Keras.* Received: 0\.5"
    for cell in (keras.layers.GRUCell(4), {"name": "residual", "cell": keras.layers.GRUCell(4)}):
        for make in (RecurrentEncoder, PyramidalEncoder, AttentionDecoder, RecurrentDecoder):
            with pytest.raises(ValueError, match=message):
                make(4, cell=cell, recurrent_dropout=0.5)


def as_object(units: int) -> Any:
    return keras.layers.GRUCell(units)


def wrapped(units: int) -> Any:
    return KerasCell(units, cell=keras.layers.GRUCell(units))


def in_a_config(units: int) -> Any:
    return {"name": "keras", "cell": keras.layers.GRUCell(units)}


@pytest.mark.parametrize("pattern", [as_object, wrapped, in_a_config])
def test_a_cell_that_is_given_to_several_layers_stays_a_pattern_in_a_file(
    pattern: Callable[[int], Any], tmp_path: Path
) -> None:
    cell = pattern(4)
    source, target = keras.Input((None, 3)), keras.Input((None, 3))
    memory, state = RecurrentEncoder(4, cell=cell, num_layers=2)(source)
    state = DenseBridge(4, cell=cell, num_layers=3)(state)
    outputs, _, _ = AttentionDecoder(4, cell=cell, num_layers=3)(target, memory, state)
    model = keras.Model([source, target], outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == len(model.weights)
    values = [ops.ones((2, 5, 3)), ops.ones((2, 4, 3))]
    np.testing.assert_array_equal(
        ops.convert_to_numpy(loaded(values)), ops.convert_to_numpy(model(values))
    )


@keras.saving.register_keras_serializable("tests")
class LearntStart(keras.layers.SimpleRNNCell):
    """A cell of a user that learns what it starts from."""

    def build(self, input_shape: Sequence[int]) -> None:
        super().build(input_shape)
        self.start = self.add_weight((self.units,), "ones", name="start")

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        return [ops.broadcast_to(self.start, (batch_size, self.units))]


def test_a_cell_starts_from_what_it_says(numbers: Callable[..., Array]) -> None:
    encoder = RecurrentEncoder(4, cell=LearntStart(4))
    inputs = ops.convert_to_tensor(numbers(2, 5, 3))
    memory, _ = encoder(inputs)
    expected = keras.layers.RNN(encoder.forward_cells[0].cell, return_sequences=True)(inputs)
    np.testing.assert_allclose(memory, expected, atol=1e-6)
    assert any("start" in weight.path for weight in encoder.trainable_weights)


def test_a_keras_cell_in_a_plain_config_is_saved_and_loaded(tmp_path: Path) -> None:
    inputs = keras.Input((None, 3))
    encoder = RecurrentEncoder(4, cell={"name": "keras", "cell": keras.layers.GRUCell(4)})
    model = keras.Model(inputs, encoder(inputs)[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    values = ops.ones((2, 5, 3))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(loaded(values)), ops.convert_to_numpy(model(values))
    )
