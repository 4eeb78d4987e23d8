from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq.layers.attention import ConcatAttention

Array = np.ndarray


@pytest.mark.backend
def test_the_score_is_a_network_over_the_joined_query_and_key(
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    query, memory = numbers(2, 3, 6), numbers(2, 5, 4)
    kernel, score_kernel = numbers(10, 7), numbers(7)
    attention = ConcatAttention(7)
    attention.build(query.shape, memory.shape)
    assign(attention, kernel=kernel, score_kernel=score_kernel[:, None])
    context, weights = attention(query, memory)
    scores = np.empty((2, 3, 5))
    for row, step, position in np.ndindex(scores.shape):
        joined = np.concatenate([query[row, step], memory[row, position]])
        scores[row, step, position] = score_kernel @ np.tanh(joined @ kernel)
    expected = numpy_softmax(scores)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)
