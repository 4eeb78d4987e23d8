"""Decoders, what they are called with, and the formulas of the papers in NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import Decoder

Array = np.ndarray


class Twins:
    """Says that every second row has the state of the row before it; counts who makes use of it."""

    def __init__(self, rows: int) -> None:
        self.distinct = np.arange(0, rows, 2)
        self.uses = 0

    def once(self, compute: Callable[[Any], Any], state: Any) -> Any:
        self.uses += 1
        return ops.repeat(compute(ops.take(state, self.distinct, axis=0)), 2, axis=0)


@pytest.fixture
def run_both_ways() -> Callable[..., None]:
    """Returns a function that asserts: a whole target equals its steps, for every beam.

    Whether the beams know of one another that they have one state changes nothing.
    """

    def assert_equal(
        decoder: Decoder, inputs: Array, memory: Array, state: list[Array] | None, mask: Array
    ) -> None:
        inputs, memory, mask = (ops.convert_to_tensor(each) for each in (inputs, memory, mask))
        initial = None if state is None else [ops.convert_to_tensor(each) for each in state]
        outputs, last, weights = decoder(inputs, memory, initial, memory_mask=mask)
        prepared = decoder.prepare(memory, mask)
        beams, bound = 2, decoder.bind_step()
        steps = decoder.start(initial, prepared, inputs.shape[1])
        steps = [ops.repeat(tensor, beams, axis=0) for tensor in steps]
        for time in range(inputs.shape[1]):
            reads = ops.repeat(inputs[:, time], beams, axis=0)
            # Whether the weights were read before or within the step is no difference.
            twins = Twins(len(reads))
            options = {"shared": twins} if decoder.shares_states and time > 0 else {}
            output, steps, row = decoder.step(
                reads, steps, prepared, bound if time % 2 else None, **options
            )
            assert twins.uses > 0 or not options
            assert output.dtype == outputs.dtype
            for beam in range(beams):
                np.testing.assert_allclose(output[beam::beams], outputs[:, time], atol=2e-6)
                np.testing.assert_allclose(row[beam::beams], weights[:, time], atol=2e-6)
        for one, other in zip(steps, last, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one[::beams], other, atol=2e-6)

    return assert_equal


class Formulas:
    """The published formulas, with the weights of a layer."""

    @staticmethod
    def weights(layer: Any) -> dict[str, Array]:
        return {weight.name: ops.convert_to_numpy(weight) for weight in layer.weights}

    @staticmethod
    def gru(layer: Any, inputs: Array, state: Array) -> Array:
        """Cho et al. 2014, the reset gate after the product."""
        own = Formulas.weights(layer)
        z, r, n = np.split(inputs @ own["kernel"] + own["bias"][0], 3, axis=-1)
        product = state @ own["recurrent_kernel"] + own["bias"][1]
        z_h, r_h, n_h = np.split(product, 3, axis=-1)
        update = 1 / (1 + np.exp(-z - z_h))
        candidate = np.tanh(n + n_h / (1 + np.exp(-r - r_h)))
        return update * state + (1 - update) * candidate

    @staticmethod
    def attend(layer: Any, query: Array, memory: Array, mask: Array) -> tuple[Array, Array]:
        """Bahdanau et al. 2015: `v^T tanh(W q + U h_j)`, softmax, and the mean it makes."""
        own = Formulas.weights(layer)
        hidden = np.tanh((query @ own["query_kernel"])[:, None] + memory @ own["memory_kernel"])
        exponentials = np.exp(hidden @ own["score_kernel"][:, 0]) * mask
        weights = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return np.einsum("bs,bsm->bm", weights, memory), weights

    @staticmethod
    def attentional(layer: Any, state: Array, context: Array) -> Array:
        """Luong et al. 2015, eq. 5: `tanh(W [c; s])`."""
        kernel = Formulas.weights(layer)["kernel"]
        return np.tanh(np.concatenate([context, state], axis=-1) @ kernel)

    @staticmethod
    def deep(layer: Any, inputs: Array, state: Array, context: Array) -> Array:
        """Bahdanau et al. 2015, appendix A.2.2: the larger of each pair."""
        own = Formulas.weights(layer)
        pieces = np.concatenate([inputs, state, context], axis=-1) @ own["kernel"] + own["bias"]
        return np.maximum(pieces[..., 0::2], pieces[..., 1::2])


@pytest.fixture
def formulas() -> type[Formulas]:
    return Formulas
