from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.distributions import Sparsemax

Array = np.ndarray


def sparsemax(scores: Array) -> Array:
    """Algorithm 1 of the paper, for one row."""
    falling = np.sort(scores)[::-1]
    ranks = np.arange(1, len(scores) + 1)
    supported = 1 + ranks * falling > np.cumsum(falling)
    k = ranks[supported].max()
    threshold = (falling[:k].sum() - 1) / k
    return np.maximum(scores - threshold, 0)


@pytest.mark.backend
def test_the_values_are_those_of_the_paper(numbers: Callable[..., Array]) -> None:
    scores = 1.5 * numbers(2, 3, 6)
    mask = np.array([[[True] * 6], [[True] * 4 + [False] * 2]])
    weights = ops.convert_to_numpy(Sparsemax()(scores, ops.convert_to_tensor(mask), scores))
    for row, step in np.ndindex(2, 3):
        real = mask[row, 0]
        np.testing.assert_allclose(
            weights[row, step, real], sparsemax(scores[row, step, real]), atol=1e-5
        )
        assert np.all(weights[row, step, ~real] == 0)
    assert np.any(weights[0] == 0)
    assert np.any((weights[0] > 0) & (weights[0] < 1))


@pytest.mark.backend
@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([3.0, 1.0, 0.0], [1, 0, 0]),
        ([0.5, 0.5, -9.0], [1 / 2, 1 / 2, 0]),
        ([2.0, 2.0, 2.0], [1 / 3, 1 / 3, 1 / 3]),
        ([1e6, 1e6 - 0.5, -1e30], [3 / 4, 1 / 4, 0]),  # large scores lose nothing
    ],
)
def test_weights_are_those_one_computes_by_hand(scores: list[float], expected: list[float]) -> None:
    row = ops.convert_to_tensor([[scores]], "float32")
    weights = Sparsemax()(row, ops.ones((1, 1, 3), "bool"), row)
    np.testing.assert_allclose(weights[0, 0], expected, atol=1e-6)


def test_the_gradient_spreads_over_the_support_alone() -> None:
    """`d weights_i / d scores_j = [i = j] - 1 / |support|` within it, and 0 elsewhere."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a gradient tape of TensorFlow")
    scores = tf.constant([[[0.6, 0.4, 0.1, -3.0, 50.0]]])
    mask = tf.constant([[[True, True, True, True, False]]])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights: Any = Sparsemax()(scores, mask, scores)
    jacobian = tf.reshape(tape.jacobian(weights, scores), (5, 5)).numpy()
    support = np.array([1.0, 1, 1, 0, 0])
    expected = np.diag(support) - np.outer(support, support) / 3
    np.testing.assert_allclose(jacobian, expected, atol=1e-6)
