from collections.abc import Callable

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import DenseBridge, RecurrentEncoder

Array = np.ndarray


def test_the_whole_state_makes_each_tensor() -> None:
    bridge = DenseBridge(1, cell="gru", num_layers=2)
    state = [ops.convert_to_tensor([[1.0, 2.0]]), ops.convert_to_tensor([[3.0]])]
    bridge.build([(None, 2), (None, 1)])
    kernel = np.array([[1, 0], [0, 1], [1, -1]]) / 4
    bridge.projection.set_weights([kernel, np.array([0, 1])])
    low, high = bridge(state)
    np.testing.assert_allclose(low, np.tanh([[1 / 4 + 3 / 4]]), atol=1e-6)
    np.testing.assert_allclose(high, np.tanh([[2 / 4 - 3 / 4 + 1]]), atol=1e-6)


def test_bahdanaus_bridge_reads_where_the_backward_cells_ended(
    numbers: Callable[..., Array],
) -> None:
    """`s_0 = tanh(W h)` with `h` the backward state at the first word."""
    encoder = RecurrentEncoder(3, cell="gru", bidirectional=True)
    memory, state = encoder(ops.convert_to_tensor(numbers(2, 4, 3)))
    bridge = DenseBridge(5, cell="gru", direction="backward")
    (made,) = bridge(state)
    backward = ops.convert_to_numpy(memory)[:, 0, 3:]
    kernel, bias = bridge.projection.get_weights()
    assert kernel.shape == (3, 5)
    np.testing.assert_allclose(made, np.tanh(backward @ kernel + bias), atol=1e-6)


def test_forward_is_the_other_half() -> None:
    bridge = DenseBridge(1, cell="gru", direction="forward", activation=None)
    bridge.build([(None, 4)])
    bridge.projection.set_weights([np.array([[1.0], [2.0]]), np.zeros(1)])
    assert float(bridge([ops.convert_to_tensor([[1.0, 10.0, 5.0, 5.0]])])[0][0, 0]) == 21


def test_half_of_an_odd_state_is_an_error_with_its_size() -> None:
    with pytest.raises(ValueError, match=r"'backward'` needs .*Received: \(3,\)\. Use .*'both'"):
        DenseBridge(4, direction="backward").build([(None, 3)])


def test_an_unknown_direction_is_an_error_with_the_options() -> None:
    with pytest.raises(ValueError, match=r"'both', 'forward', 'backward'\. Received: 'up'"):
        DenseBridge(4, direction="up")
