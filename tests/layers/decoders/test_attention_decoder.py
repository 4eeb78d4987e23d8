from collections.abc import Callable
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasseq.layers import (
    CELLS,
    READOUTS,
    WIRINGS,
    AdditiveAttention,
    AttentionalReadout,
    AttentionDecoder,
    DotAttention,
    HiddenReadout,
    LSTMCell,
)

Array = np.ndarray
LENGTHS = (5, 2)


@pytest.fixture
def mask(mask_of: Callable[..., Array]) -> Array:
    return mask_of(LENGTHS, 5)


@pytest.fixture
def inputs(numbers: Callable[..., Array]) -> Array:
    return numbers(2, 3, 3)


@pytest.fixture
def memory(numbers: Callable[..., Array]) -> Array:
    return numbers(2, 5, 6)


@pytest.fixture
def state(numbers: Callable[..., Array]) -> Array:
    return numbers(2, 4)


def run(decoder: AttentionDecoder, inputs: Array, memory: Array, state: Any, mask: Array) -> Any:
    states = [ops.convert_to_tensor(each) for each in state]
    outputs, _, weights = decoder(
        ops.convert_to_tensor(inputs),
        ops.convert_to_tensor(memory),
        states,
        memory_mask=ops.convert_to_tensor(mask),
    )
    return ops.convert_to_numpy(outputs), ops.convert_to_numpy(weights)


def make(**options: Any) -> AttentionDecoder:
    return AttentionDecoder(4, **{"cell": "gru", "attention": "additive", **options})


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("cell", [name for name in CELLS if name != "residual"])
def test_a_whole_target_equals_its_steps_for_every_cell(
    cell: Any,
    wiring: str,
    numbers: Callable[..., Array],
    mask: Array,
    run_both_ways: Callable[..., None],
) -> None:
    # One cell stands for all in what is fed back and what is read out.
    options = product([False, True], READOUTS) if cell == "gru" else [(True, "attentional")]
    cell = keras.layers.LSTMCell(4) if cell == "keras" else cell
    for input_feeding, readout in options:
        if readout == "hidden" and wiring == "luong":
            continue  # nothing would read the context
        decoder = make(cell=cell, wiring=wiring, input_feeding=input_feeding, readout=readout)
        state = [numbers(2, size) for each in decoder.cells for size in each.state_sizes]
        run_both_ways(decoder, numbers(2, 2, 3), numbers(2, 5, 6), state, mask)


@pytest.mark.parametrize("attention_layer", ["top", "first"])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_whole_target_equals_its_steps_for_every_stack(
    wiring: str,
    attention_layer: str,
    numbers: Callable[..., Array],
    mask: Array,
    run_both_ways: Callable[..., None],
) -> None:
    for input_feeding, residual_from in product([False, True], [None, 1]):
        decoder = make(
            num_layers=3,
            wiring=wiring,
            attention_layer=attention_layer,
            input_feeding=input_feeding,
            residual_from=residual_from,
        )
        state = [numbers(2, 4) for _ in range(3)]
        run_both_ways(decoder, numbers(2, 2, 3), numbers(2, 5, 6), state, mask)


@pytest.mark.parametrize("attention", ["location_aware", "coverage"])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_whole_target_equals_its_steps_for_an_attention_that_remembers(
    wiring: str,
    attention: str,
    numbers: Callable[..., Array],
    mask: Array,
    run_both_ways: Callable[..., None],
) -> None:
    decoder = make(attention=attention, wiring=wiring, num_layers=2)
    run_both_ways(decoder, numbers(2, 3, 3), numbers(2, 5, 6), [numbers(2, 4)] * 2, mask)


@pytest.mark.parametrize("wiring", WIRINGS)
def test_the_attention_depends_on_the_query(
    wiring: str, inputs: Array, memory: Array, state: Array, mask: Array
) -> None:
    decoder = make(wiring=wiring)
    _, weights = run(decoder, inputs, memory, [state], mask)
    _, others = run(decoder, inputs, memory, [-state], mask)
    assert np.max(np.abs(weights - others)) > 1e-3


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_weights_are_zero_on_padding_and_sum_to_one_or_nothing(
    wiring: str, input_feeding: bool, inputs: Array, memory: Array, state: Array
) -> None:
    mask = np.array([[True, True, False, False, False], [False] * 5])
    decoder = make(wiring=wiring, input_feeding=input_feeding)
    outputs, weights = run(decoder, inputs, memory, [state], mask)
    assert np.all(weights[0, :, 2:] == 0)
    np.testing.assert_allclose(weights[0].sum(axis=-1), 1, atol=1e-6)
    assert np.all(weights[1] == 0)
    assert np.all(np.isfinite(outputs))


def test_output_dropout_feeds_what_is_left(inputs: Array, memory: Array) -> None:
    tensors = [ops.convert_to_tensor(each) for each in (inputs, memory)]
    for input_feeding in (False, True):
        decoder = make(dropout=0.5, input_feeding=input_feeding, seed=1)
        outputs, state, _ = decoder(*tensors, training=True)
        assert np.any(outputs == 0)
        assert np.any(outputs != 0)
        if input_feeding:
            np.testing.assert_array_equal(state[1], outputs[:, -1])


def test_parts_may_be_objects_and_configs(inputs: Array, memory: Array) -> None:
    decoder = AttentionDecoder(
        6,
        cell=LSTMCell(6, recurrent_initializer="zeros"),
        attention=DotAttention(),
        readout=HiddenReadout(6),
        wiring="bahdanau",
    )
    decoder(ops.convert_to_tensor(inputs), ops.convert_to_tensor(memory))
    again = AttentionDecoder.from_config(decoder.get_config())
    assert isinstance(again.attention_mechanism, DotAttention)
    assert isinstance(again.readout_layer, HiddenReadout)
    assert type(again.cells[0].recurrent_initializer).__name__ == "Zeros"
    named = AttentionDecoder(6, attention={"name": "additive", "units": 9})
    assert named.attention_mechanism.units == 9


def test_sizes_of_score_and_output_may_differ_from_the_cells(inputs: Array, memory: Array) -> None:
    decoder = make(attention_units=7, readout_units=9, input_feeding=True)
    outputs, state, _ = decoder(ops.convert_to_tensor(inputs), ops.convert_to_tensor(memory))
    assert decoder.output_size == 9
    assert tuple(outputs.shape) == (2, 3, 9)
    assert decoder.attention_mechanism.units == 7
    assert [tensor.shape[-1] for tensor in state] == [4, 9]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"readout_units": 0}, "`readout_units` must be an integer of at least 1. Received: 0"),
        ({"attention_units": -1}, "`attention_units` must be an integer of at least 1. .* -1"),
        ({"attention": "general", "attention_units": 7}, "no meaning with `GeneralAttention`"),
        (
            {"attention": AdditiveAttention(5), "attention_units": 7},
            "`attention_units` must be the `units` of the attention.* Received: 7, and .* of 5",
        ),
        (
            {"readout": AttentionalReadout(5), "readout_units": 7},
            "`readout_units` must be the `units` of the readout.* Received: 7, and a readout of 5",
        ),
        ({"seed": True}, "`seed` must be an integer of at least 0"),
    ],
)
def test_a_size_that_would_have_no_effect_is_an_error(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make(**options)


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize(
    ("policy", "own"), [("mixed_bfloat16", "float32"), ("float32", "mixed_bfloat16")]
)
def test_a_readout_may_have_a_precision_of_its_own(
    policy: str, own: str, input_feeding: bool, inputs: Array, memory: Array
) -> None:
    decoder = make(
        dtype=policy,
        readout=AttentionalReadout(5, dtype=own),
        input_feeding=input_feeding,
    )
    graph = tf.function(decoder)
    outputs, _, _ = graph(ops.convert_to_tensor(inputs), ops.convert_to_tensor(memory))
    spec, _, _ = decoder(keras.KerasTensor(inputs.shape), keras.KerasTensor(memory.shape))
    assert outputs.dtype.name == spec.dtype == decoder.compute_dtype


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("input_feeding", [False, True])
def test_a_source_of_no_words_gives_outputs_all_the_same(
    wiring: str, input_feeding: bool, inputs: Array, memory: Array
) -> None:
    decoder = make(wiring=wiring, input_feeding=input_feeding)
    outputs, _, weights = decoder(inputs, memory[:, :0])
    assert np.isfinite(ops.convert_to_numpy(outputs)).all()
    assert tuple(weights.shape) == (*inputs.shape[:2], 0)


@pytest.mark.parametrize("attention_layer", ["top", "first"])
def test_a_context_that_nothing_would_read_is_an_error(attention_layer: str) -> None:
    with pytest.raises(ValueError, match=r"`wiring='luong'` with a `HiddenReadout`\. Use"):
        make(readout="hidden", attention_layer=attention_layer)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("wiring", "loung", r"'bahdanau', 'conditional', 'luong'\. Received: 'loung'"),
        ("attention_layer", "last", r"'top', 'first'\. Received: 'last'"),
        ("doubly_stochastic", -1.0, r"`doubly_stochastic` must be .* at least 0\. Received: -1"),
        ("attention", "aditive", r"`attention` must be one of 'additive', .*'aditive'"),
    ],
)
def test_messages_name_the_argument_and_what_came(argument: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**{argument: value})


def test_a_hidden_readout_of_another_size_is_an_error_with_both_sizes() -> None:
    decoder = make(wiring="bahdanau", readout="hidden", readout_units=5)
    with pytest.raises(ValueError, match=r"`readout_units=5` for a state of 4"):
        decoder.build((None, None, 3), (None, None, 6))
