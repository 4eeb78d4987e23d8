from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.distributions import LocalPWindow

Array = np.ndarray


@pytest.mark.backend
def test_the_query_places_the_window_in_the_real_length_of_its_row(
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    scores, query = numbers(2, 3, 8), numbers(2, 3, 4)
    hidden_kernel, position_kernel = numbers(4, 4), 2 * numbers(4, 1)
    lengths, window = np.array([8, 5]), 2
    mask = np.arange(8) < lengths[:, None, None]
    layer = LocalPWindow(window)
    layer.build(scores.shape, query.shape)
    assign(layer, hidden_kernel=hidden_kernel, position_kernel=position_kernel)
    weights = layer(scores, ops.convert_to_tensor(mask), query)
    share = 1 / (1 + np.exp(-np.tanh(query @ hidden_kernel) @ position_kernel))
    middle = lengths[:, None, None] * share  # equation 9
    positions, sigma = np.arange(8), window / 2
    inside = mask & (np.abs(positions - middle) <= window)
    bell = np.exp(-((positions - middle) ** 2) / (2 * sigma**2))  # equation 10
    np.testing.assert_allclose(weights, numpy_softmax(scores, inside) * bell, atol=1e-5)
    assert np.any(inside != mask)


@pytest.mark.backend
def test_a_query_of_zeros_looks_at_the_middle() -> None:
    scores = ops.zeros((1, 1, 7))
    mask = ops.convert_to_tensor([[[True] * 4 + [False] * 3]])
    weights = ops.convert_to_numpy(LocalPWindow(window=1)(scores, mask, ops.zeros((1, 1, 3))))
    outside, middle = np.exp(-2.0) / 3, 1 / 3  # p = 4 / 2, sigma = 1 / 2
    np.testing.assert_allclose(weights[0, 0], [0, outside, middle, outside, 0, 0, 0], atol=1e-6)


def test_a_window_that_is_no_size_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"`window` must be an integer of at least 1.*: 2\.5\."):
        LocalPWindow(window=2.5)  # type: ignore[arg-type]
