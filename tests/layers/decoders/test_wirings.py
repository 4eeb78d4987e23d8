"""Each wiring is its published formula, and leaves in the loop what must be there alone."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import AttentionDecoder, RecurrentDecoder, RecurrentEncoder

Array = np.ndarray


@pytest.fixture
def mask(mask_of: Callable[..., Array]) -> Array:
    return mask_of((5, 2), 5)


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


def test_luong_wiring_is_the_published_formula(
    inputs: Array, memory: Array, state: Array, mask: Array, formulas: Any
) -> None:
    """`s_t = f(s_{t-1}, [y_{t-1}; o_{t-1}])`, `c_t` from `s_t`, `o_t = tanh(W [c_t; s_t])`."""
    decoder = make(input_feeding=True)
    outputs, weights = run(decoder, inputs, memory, [state], mask)
    fed = np.zeros((2, 4))
    for time in range(3):
        reads = np.concatenate([inputs[:, time], fed], axis=-1)
        state = formulas.gru(decoder.cells[0], reads, state)
        context, row = formulas.attend(decoder.attention_mechanism, state, memory, mask)
        fed = formulas.attentional(decoder.readout_layer, state, context)
        np.testing.assert_allclose(weights[:, time], row, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], fed, atol=1e-5)


def test_bahdanau_wiring_is_the_published_formula(
    inputs: Array, memory: Array, state: Array, mask: Array, formulas: Any
) -> None:
    """`c_t` from `s_{t-1}`, `s_t = f(s_{t-1}, [y_{t-1}; c_t])`, `o_t = g(y_{t-1}, s_t, c_t)`."""
    decoder = make(wiring="bahdanau", readout="deep", readout_units=5)
    outputs, weights = run(decoder, inputs, memory, [state], mask)
    for time in range(3):
        y = inputs[:, time]
        context, row = formulas.attend(decoder.attention_mechanism, state, memory, mask)
        state = formulas.gru(decoder.cells[0], np.concatenate([y, context], axis=-1), state)
        expected = formulas.deep(decoder.readout_layer, y, state, context)
        np.testing.assert_allclose(weights[:, time], row, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], expected, atol=1e-5)


def test_conditional_wiring_is_the_published_formula(
    inputs: Array, memory: Array, state: Array, mask: Array, formulas: Any
) -> None:
    """`s' = f_1(s_{t-1}, y_{t-1})`, `c_t` from `s'`, `s_t = f_2(s', c_t)`."""
    decoder = make(wiring="conditional", readout="hidden")
    outputs, weights = run(decoder, inputs, memory, [state], mask)
    for time in range(3):
        proposal = formulas.gru(decoder.cells[0], inputs[:, time], state)
        context, row = formulas.attend(decoder.attention_mechanism, proposal, memory, mask)
        state = formulas.gru(decoder.second_cells[0], context, proposal)
        np.testing.assert_allclose(weights[:, time], row, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], state, atol=1e-5)


def test_gnmts_first_layer_attends_and_all_layers_read_the_context(
    inputs: Array, memory: Array, numbers: Callable[..., Array], mask: Array, formulas: Any
) -> None:
    """The lowest layer's state of the step before is the query; layers from the third add up."""
    states = [numbers(2, 4) for _ in range(3)]
    decoder = make(
        num_layers=3,
        wiring="bahdanau",
        attention_layer="first",
        readout="hidden",
        residual_from=2,
    )
    outputs, weights = run(decoder, inputs, memory, states, mask)
    for time in range(3):
        context, row = formulas.attend(decoder.attention_mechanism, states[0], memory, mask)
        reads = inputs[:, time]
        for layer, cell in enumerate(decoder.cells):
            joined = np.concatenate([reads, context], axis=-1)
            states[layer] = formulas.gru(cell, joined, states[layer])
            reads = states[layer] + (reads if layer == 2 else 0)
        np.testing.assert_allclose(weights[:, time], row, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], reads, atol=1e-5)


def test_with_luong_wiring_the_first_layers_output_attends_and_the_upper_read_the_context(
    inputs: Array, memory: Array, numbers: Callable[..., Array], mask: Array, formulas: Any
) -> None:
    low, high = numbers(2, 4), numbers(2, 4)
    decoder = make(num_layers=2, attention_layer="first", readout="hidden")
    outputs, weights = run(decoder, inputs, memory, [low, high], mask)
    for time in range(3):
        low = formulas.gru(decoder.cells[0], inputs[:, time], low)
        context, row = formulas.attend(decoder.attention_mechanism, low, memory, mask)
        high = formulas.gru(decoder.cells[1], np.concatenate([low, context], axis=-1), high)
        np.testing.assert_allclose(weights[:, time], row, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], high, atol=1e-5)


def test_the_top_layer_of_a_bahdanau_stack_attends_and_the_lowest_reads_the_context(
    inputs: Array, memory: Array, numbers: Callable[..., Array], mask: Array, formulas: Any
) -> None:
    low, high = numbers(2, 4), numbers(2, 4)
    decoder = make(num_layers=2, wiring="bahdanau", readout="hidden")
    outputs, _ = run(decoder, inputs, memory, [low, high], mask)
    for time in range(3):
        context, _ = formulas.attend(decoder.attention_mechanism, high, memory, mask)
        reads = np.concatenate([inputs[:, time], context], axis=-1)
        low = formulas.gru(decoder.cells[0], reads, low)
        high = formulas.gru(decoder.cells[1], low, high)
        np.testing.assert_allclose(outputs[:, time], high, atol=1e-5)


def loops_of(layer: Any, *sizes: int) -> list[Counter[str]]:
    """The operations within each loop of a layer's graph, counted by name."""
    tf = pytest.importorskip("tensorflow")
    specs = [tf.TensorSpec((None, None, size)) for size in sizes]
    layer(*(tf.zeros((1, 2, size)) for size in sizes))
    concrete = tf.function(lambda *arguments: layer(*arguments)[0]).get_concrete_function(*specs)
    functions = concrete.graph.as_graph_def().library.function
    bodies = [each for each in functions if re.search(r"while(_\d+)?_body", each.signature.name)]
    return [Counter(node.op for node in body.node_def) for body in bodies]


@pytest.mark.parametrize(
    ("options", "loops", "attending"),
    [
        ({"wiring": "luong"}, 3, 0),
        ({"wiring": "luong", "attention_layer": "first"}, 3, 0),
        ({"wiring": "luong", "input_feeding": True}, 1, 1),
        ({"wiring": "bahdanau"}, 1, 1),
        ({"wiring": "bahdanau", "attention_layer": "first"}, 3, 1),
        ({"wiring": "conditional"}, 3, 1),
        ({"wiring": "conditional", "attention_layer": "first"}, 3, 1),
    ],
    ids=str,
)
def test_what_nothing_waits_for_leaves_the_loop(
    options: dict[str, Any], loops: int, attending: int
) -> None:
    """Of three layers, each that does not wait for the attention has a loop of its own."""
    found = loops_of(make(num_layers=3, attention="dot", **options), 3, 4)
    assert len(found) == loops
    assert sum("Softmax" in loop for loop in found) == attending
    in_loop = sum(loop["MatMul"] for loop in found)
    cells = 3 + (options["wiring"] == "conditional")
    upper = {1: 2, 3: 0}[loops]  # what a layer in the loop reads of the one below
    fed = options.get("input_feeding", False) + (options["wiring"] == "bahdanau")
    readout = int(options.get("input_feeding", False))
    context = int(options["wiring"] == "conditional")
    assert in_loop == cells + upper + fed + readout + context


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple", "layer_normalized_lstm"])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_no_weight_is_read_or_cut_in_a_loop(cell: str, dtype: str) -> None:
    fed: dict[str, Any] = {
        "num_layers": 2,
        "input_feeding": True,
        "wiring": "bahdanau",
        "readout": "deep",
    }
    layers: list[Any] = [
        (RecurrentEncoder(4, cell=cell, dtype=dtype), 3),
        (RecurrentDecoder(4, cell=cell, num_layers=2, dtype=dtype), 3, 4),
        (AttentionDecoder(4, cell=cell, attention="dot", dtype=dtype, **fed), 3, 4),
    ]
    for layer, *sizes in layers:
        for loop in loops_of(layer, *sizes):
            assert loop["ReadVariableOp"] == 0
            assert loop["StridedSlice"] <= 2  # of the deep readout's pairs
