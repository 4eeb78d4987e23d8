from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import READOUTS, AttentionalReadout, DeepReadout, HiddenReadout

Array = np.ndarray


@pytest.mark.backend
@pytest.mark.parametrize("name", READOUTS)
def test_a_readout_holds_the_contract_of_a_layer(
    name: str, check_layer: Callable[..., Any], numbers: Callable[..., Array]
) -> None:
    inputs = {"inputs": numbers(2, 3, 2), "hidden": numbers(2, 3, 4), "context": numbers(2, 3, 5)}
    check_layer(partial(READOUTS[name], 4), inputs)


def test_the_attentional_vector_joins_context_and_state() -> None:
    readout = AttentionalReadout(1)
    readout.build((None, 1), (None, 1), (None, 2))
    readout.set_weights([np.array([[1], [2], [4]]) / 8])
    context, hidden = ops.convert_to_tensor([[1.0, 2.0]]), ops.convert_to_tensor([[3.0]])
    output = readout(ops.ones((1, 1)), hidden, context)
    np.testing.assert_allclose(output, np.tanh([[(1 + 4 + 12) / 8]]), atol=1e-6)


def test_deep_output_is_the_larger_of_each_pair() -> None:
    readout = DeepReadout(2)
    readout.build((None, 1), (None, 1), (None, 1))
    kernel = np.array([[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
    readout.set_weights([kernel, np.array([0, 0, 0, 10])])
    y, s, c = (ops.convert_to_tensor([[value]]) for value in (7.0, 5.0, 3.0))
    output = readout(y, s, c)  # the pieces are y, s, c and s + 10
    assert ops.convert_to_numpy(output).tolist() == [[7, 15]]


def test_the_hidden_readout_is_the_state() -> None:
    hidden = ops.convert_to_tensor([[1.0, 2.0]])
    assert HiddenReadout(2)(hidden, hidden, hidden).numpy().tolist() == [[1, 2]]


def test_units_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"`units` must be .* at least 1\. Received: 0"):
        DeepReadout(0)
