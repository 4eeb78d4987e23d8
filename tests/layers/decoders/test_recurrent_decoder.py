from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import (
    CELLS,
    AttentiveBridge,
    DenseBridge,
    LastStateBridge,
    RecurrentDecoder,
    RecurrentEncoder,
)

Array = np.ndarray


@pytest.fixture
def inputs(numbers: Callable[..., Array]) -> Array:
    return numbers(2, 3, 4)


@pytest.fixture
def memory() -> Array:
    return np.zeros((2, 5, 6), "float32")


def run(decoder: RecurrentDecoder, *arguments: Any) -> list[Array]:
    called = keras.tree.map_structure(ops.convert_to_tensor, arguments)
    return [ops.convert_to_numpy(each) for each in keras.tree.flatten(decoder(*called))]


def test_sutskevers_decoder_goes_on_from_the_encoders_state(
    inputs: Array, memory: Array, numbers: Callable[..., Array]
) -> None:
    """Fed with what the encoder would read next, it gives what the encoder would give."""
    source = np.concatenate([numbers(2, 2, 4), inputs], axis=1)
    encoder = RecurrentEncoder(4, cell="lstm", num_layers=2)
    whole, _ = encoder(ops.convert_to_tensor(source))
    _, state = encoder(ops.convert_to_tensor(source[:, :2]))
    state = LastStateBridge(4, cell="lstm", num_layers=2)(state)
    decoder = RecurrentDecoder(4, cell="lstm", num_layers=2)
    decoder.build(inputs.shape, memory.shape)
    decoder.set_weights(encoder.get_weights())
    outputs, *_ = run(decoder, inputs, memory, state)
    np.testing.assert_allclose(outputs, whole[:, 2:], atol=1e-6)


def test_chos_decoder_reads_the_context_at_every_step(
    inputs: Array, memory: Array, numbers: Callable[..., Array], formulas: Any
) -> None:
    """`c = tanh(V h_N)`, `s_0 = tanh(V' c)`, `s_t = f(s_{t-1}, y_{t-1}, c)`, g of all three."""
    last = numbers(2, 3)
    bridge = DenseBridge(5, cell="simple")
    (context,) = bridge([ops.convert_to_tensor(last)])
    kernel, bias = bridge.projection.get_weights()
    np.testing.assert_allclose(context, np.tanh(last @ kernel + bias), atol=1e-6)

    decoder = RecurrentDecoder(4, cell="gru", context="both", readout="deep", readout_units=6)
    outputs, *_ = run(decoder, inputs, memory, [context])
    own, c = formulas.weights(decoder), ops.convert_to_numpy(context)
    state = np.tanh(c @ own["initial_kernel"] + own["initial_bias"])
    for time in range(3):
        y = inputs[:, time]
        state = formulas.gru(decoder.cells[0], np.concatenate([y, c], axis=-1), state)
        expected = formulas.deep(decoder.readout_layer, y, state, c)
        np.testing.assert_allclose(outputs[:, time], expected, atol=1e-5)


def test_with_the_context_as_input_alone_it_starts_from_zeros(
    inputs: Array, memory: Array, numbers: Callable[..., Array], formulas: Any
) -> None:
    context = numbers(2, 5)
    decoder = RecurrentDecoder(4, cell="gru", context="input")
    outputs, state, carried, weights = run(decoder, inputs, memory, [context])
    expected = np.zeros((2, 4))
    for time in range(3):
        reads = np.concatenate([inputs[:, time], context], axis=-1)
        expected = formulas.gru(decoder.cells[0], reads, expected)
        np.testing.assert_allclose(outputs[:, time], expected, atol=1e-5)
    np.testing.assert_allclose(state, expected, atol=1e-5)
    np.testing.assert_array_equal(carried, context)
    assert np.all(weights == 0)
    assert weights.shape == (2, 3, 5)


@pytest.mark.parametrize("context", ["initial_state", "input", "both"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_whole_target_equals_its_steps_for_every_cell_and_context(
    cell: Any,
    context: str,
    memory: Array,
    numbers: Callable[..., Array],
    run_both_ways: Callable[..., None],
) -> None:
    width = {"initial_state": 4, "input": 1, "both": 1}[context]  # a residual cell wants 4 in all
    cell = keras.layers.LSTMCell(4) if cell == "keras" else cell
    layers = 2 if context == "initial_state" else 1
    decoder = RecurrentDecoder(4, cell=cell, num_layers=layers, context=context)
    state = [numbers(2, size) for each in decoder.cells for size in each.state_sizes]
    if context != "initial_state":
        state = [numbers(2, 3)]
    run_both_ways(decoder, numbers(2, 3, width), memory, state, np.ones((2, 5), bool))


def test_a_pooled_context_of_any_size_will_do(
    inputs: Array, memory: Array, numbers: Callable[..., Array]
) -> None:
    state = AttentiveBridge(7, cell="simple")(
        [ops.convert_to_tensor(numbers(2, 3))], ops.convert_to_tensor(numbers(2, 5, 6))
    )
    outputs, *_ = run(RecurrentDecoder(4, num_layers=2, context="both"), inputs, memory, state)
    assert outputs.shape == (2, 3, 4)


@pytest.mark.parametrize(("sizes", "received"), [((4, 4), r"\(4, 4\)"), ((), r"\(\)")])
def test_a_context_must_be_one_tensor_and_the_message_says_how_to_make_it(
    sizes: tuple[int, ...], received: str
) -> None:
    decoder = RecurrentDecoder(4, context="input")
    state = [(None, size) for size in sizes] or None
    with pytest.raises(ValueError, match=rf"'input'` must be one.*{received}\. .*cell='simple'"):
        decoder.build((None, None, 3), (None, None, 4), state)


def test_a_context_must_be_given_at_every_call() -> None:
    decoder = RecurrentDecoder(4, context="both")
    inputs, memory = ops.ones((1, 2, 3)), ops.ones((1, 2, 4))
    decoder(inputs, memory, [ops.ones((1, 5))])
    with pytest.raises(ValueError, match=r"'both'` must be one tensor.* Received: sizes \(\)"):
        decoder(inputs, memory)


def test_a_readout_that_reads_the_context_needs_it_at_every_step() -> None:
    with pytest.raises(ValueError, match=r"`readout='deep'` reads .* Use `context='both'`"):
        RecurrentDecoder(4, readout="deep")


def test_an_unknown_context_is_an_error_with_the_options() -> None:
    with pytest.raises(ValueError, match=r"'initial_state', 'input', 'both'\. Received: 'none'"):
        RecurrentDecoder(4, context="none")


@pytest.mark.parametrize("policy", ["float16", "float64"])
def test_a_state_is_made_of_the_context_in_float32_whatever_the_weights_are(policy: str) -> None:
    decoder = RecurrentDecoder(4, cell="gru", context="both", dtype=policy)
    inputs, memory = ops.ones((1, 2, 3)), ops.ones((1, 2, 4))
    outputs, state, _ = decoder(inputs, memory, [ops.ones((1, 5))])
    assert outputs.dtype == policy
    assert {tensor.dtype.name for tensor in state} == {"float32"}
