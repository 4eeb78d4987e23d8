"""Each attention inside the decoder: the whole target at once equals one step after the other."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import ATTENTIONS, DISTRIBUTIONS, AttentionDecoder
from kerasseq.layers.decoders.wirings import WIRINGS

Array = np.ndarray
UNITS, INPUT_SIZE = 8, 5
# What remembers nothing, a step, the weights before, all weights so far; and heads that remember.
REMEMBERING: list[tuple[str, Any]] = [
    ("general", "softmax"),
    ("general", "local_m"),
    ("location_aware", "local_p"),
    ("coverage", "monotonic"),
    ("multi_head", "local_m"),
    ("multi_head", "monotonic"),
]
PAIRS: list[tuple[str, Any]] = [
    *((name, "softmax") for name in ATTENTIONS if name != "general"),
    *(("general", name) for name in DISTRIBUTIONS if name not in ("softmax", "local_m")),
    *(("additive", name) for name in DISTRIBUTIONS if name != "softmax"),
    ("general", {"name": "monotonic", "mode": "recursive"}),
    ("general", {"name": "monotonic", "mode": "hard"}),
    *REMEMBERING,
]


def pairs(values: list[tuple[str, Any]]) -> Any:
    names = [
        "-".join(v["name"] + v["mode"] if isinstance(v, dict) else v for v in p) for p in values
    ]
    return pytest.mark.parametrize(("name", "distribution"), values, ids=names)


@pytest.fixture
def inputs(numbers: Callable[..., Array]) -> Array:
    return numbers(3, 3, INPUT_SIZE)


@pytest.fixture
def memory(numbers: Callable[..., Array]) -> Array:
    return numbers(3, 5, UNITS)


@pairs(PAIRS)
@pytest.mark.parametrize(
    ("wiring", "input_feeding"),
    # Fed back, the readout keeps attention in the loop where Luong's wiring would not.
    [*((wiring, False) for wiring in WIRINGS), ("luong", True)],
)
def test_all_steps_at_once_equal_one_step_after_the_other(
    name: str,
    distribution: Any,
    wiring: str,
    input_feeding: bool,
    inputs: Array,
    memory: Array,
    memory_mask: Array,
) -> None:
    decoder = AttentionDecoder(
        UNITS,
        cell="gru",
        attention={"name": name, "distribution": distribution},
        wiring=wiring,
        input_feeding=input_feeding,
    )
    outputs, last, weights = decoder(inputs, memory, memory_mask=memory_mask)
    prepared = decoder.prepare(ops.convert_to_tensor(memory), memory_mask)
    state = decoder.start(None, prepared, 3)
    for time in range(3):
        output, state, step_weights = decoder.step(inputs[:, time], state, prepared)
        np.testing.assert_allclose(output, outputs[:, time], atol=1e-5)
        np.testing.assert_allclose(step_weights, weights[:, time], atol=1e-5)
    assert len(state) == len(last)
    for one, other in zip(state, last, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pairs(REMEMBERING)
def test_beams_share_a_source_and_keep_their_own_past(
    name: str, distribution: Any, inputs: Array, memory: Array, memory_mask: Array
) -> None:
    """Two beams that read different tokens, against the same two decoded alone."""
    decoder = AttentionDecoder(UNITS, attention={"name": name, "distribution": distribution})
    decoder.build(inputs.shape, memory.shape)
    prepared = decoder.prepare(ops.convert_to_tensor(memory), memory_mask)
    start = decoder.start(None, prepared, 3)
    states, folded = [start, start], [ops.repeat(tensor, 2, axis=0) for tensor in start]
    for time in range(3):
        tokens = [inputs[:, time], -inputs[:, time]]
        joined = np.stack(tokens, axis=1).reshape(-1, INPUT_SIZE)
        output, folded, weights = decoder.step(joined, folded, prepared)
        for beam in range(2):
            alone, states[beam], seen = decoder.step(tokens[beam], states[beam], prepared)
            np.testing.assert_allclose(output[beam::2], alone, atol=1e-5)
            np.testing.assert_allclose(weights[beam::2], seen, atol=1e-5)


@pairs(REMEMBERING)
def test_symbolic_shapes_are_the_real_ones(
    name: str, distribution: Any, inputs: Array, memory: Array
) -> None:
    """With batch and lengths unknown, what is remembered included."""
    decoder = AttentionDecoder(UNITS, attention={"name": name, "distribution": distribution})
    given = [keras.Input((None, INPUT_SIZE)), keras.Input((None, UNITS))]
    symbolic = keras.tree.flatten(decoder(*given))
    found = keras.tree.flatten(keras.Model(given, symbolic)([inputs, memory]))
    for one, other in zip(symbolic, found, strict=True):
        assert one.dtype == keras.backend.standardize_dtype(other.dtype)
        assert len(one.shape) == len(other.shape)
        assert all(size in (None, real) for size, real in zip(one.shape, other.shape, strict=True))
        assert one.shape[0] is None
