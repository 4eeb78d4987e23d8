from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import AttentiveBridge, MaxBridge, MeanBridge
from kerasseq.layers.bridges.pooling_bridges import PoolingBridge

MEMORY = np.array([[[1, 8], [3, -4], [9, 9]], [[1, 2], [0, 0], [0, 0]]], "float32")
MASK = np.array([[True, True, False], [False, False, False]])


def linear(bridge: PoolingBridge) -> PoolingBridge:
    """The bridge with a projection that changes nothing."""
    bridge.build([(None, 3)], (None, None, 2))
    bridge.projection.set_weights([np.eye(2), np.zeros(2)])
    return bridge


def pool(bridge: PoolingBridge, mask: Any = MASK) -> list[list[float]]:
    mask = None if mask is None else ops.convert_to_tensor(mask)
    (made,) = bridge([ops.zeros((2, 3))], ops.convert_to_tensor(MEMORY), memory_mask=mask)
    return ops.convert_to_numpy(made).tolist()


def test_the_mean_is_of_what_is_real() -> None:
    bridge = linear(MeanBridge(2, cell="gru", activation=None))
    assert pool(bridge) == [[2, 2], [0, 0]]
    np.testing.assert_allclose(pool(bridge, None), [[13 / 3, 13 / 3], [1 / 3, 2 / 3]], atol=1e-6)


def test_the_maximum_is_of_what_is_real() -> None:
    bridge = linear(MaxBridge(2, cell="gru", activation=None))
    assert pool(bridge) == [[3, 8], [0, 0]]
    assert pool(bridge, None) == [[9, 9], [1, 2]]


def test_attentive_pooling_weighs_by_a_learnt_score() -> None:
    bridge = linear(AttentiveBridge(2, cell="gru", activation=None, attention_units=1))
    bridge.memory_kernel.assign([[0.25], [0.125]])
    bridge.score_kernel.assign([[2.0]])
    first, second = np.exp(2 * np.tanh([1 / 4 + 1, 3 / 4 - 1 / 2]))
    share = first / (first + second)
    expected = share * MEMORY[0, 0] + (1 - share) * MEMORY[0, 1]
    np.testing.assert_allclose(pool(bridge), [expected, [0, 0]], atol=1e-6)


def test_the_activation_is_tanh_unless_another_is_named() -> None:
    bridge = linear(MeanBridge(2, cell="gru"))
    np.testing.assert_allclose(pool(bridge), np.tanh([[2, 2], [0, 0]]), atol=1e-6)


@pytest.mark.parametrize("bridge", [MeanBridge, MaxBridge, AttentiveBridge])
def test_without_memory_it_says_how_to_call_it(bridge: type[PoolingBridge]) -> None:
    with pytest.raises(ValueError, match=rf"`{bridge.__name__}` pools .*`bridge\(state, memory\)`"):
        bridge(4)([ops.ones((1, 4))])
