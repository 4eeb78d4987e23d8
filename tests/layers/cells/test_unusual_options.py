from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import LayerNormalizedGRUCell, LayerNormalizedLSTMCell, LSTMCell


@pytest.mark.parametrize("cls", [LayerNormalizedGRUCell, LayerNormalizedLSTMCell])
def test_epsilon_stands_beside_the_variance(cls: Any) -> None:
    """Beside a large one nothing is left of what is normalised: the cell is that of no input."""
    cell, state = cls(4, epsilon=1e12), [ops.ones((2, 4))] * len(cls(4).state_names)
    inputs = ops.convert_to_tensor(np.arange(6.0).reshape(2, 3), "float32")
    found, _ = cell(inputs, state)
    nothing, _ = cell(0 * inputs, [0 * state[0], *state[1:]])
    if cls is LayerNormalizedLSTMCell:  # the GRU lets its old state through
        np.testing.assert_allclose(found, nothing, atol=1e-5)
    np.testing.assert_allclose(cell._normalize(inputs), 0 * inputs, atol=1e-5)


def test_a_bias_that_is_not_zero_stays_also_in_the_forget_gate() -> None:
    cell = LSTMCell(2, bias_initializer={"class_name": "Constant", "config": {"value": -3.0}})
    cell.build((None, 1))
    assert ops.convert_to_numpy(cell.bias).tolist() == [-3.0] * 8
