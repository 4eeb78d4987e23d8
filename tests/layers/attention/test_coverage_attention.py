from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq.layers.attention import CoverageAttention

Array = np.ndarray


@pytest.mark.backend
@pytest.mark.parametrize("max_fertility", [None, 3.0])
def test_the_score_sees_the_sum_of_all_weights_so_far(
    max_fertility: float | None,
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    query, memory = numbers(2, 4, 6), numbers(2, 5, 4)
    attention = CoverageAttention(7, max_fertility=max_fertility)
    attention.build(query.shape, memory.shape)
    values = {
        "query_kernel": numbers(6, 7),
        "memory_kernel": numbers(4, 7),
        "coverage_kernel": numbers(1, 7),
        "bias": numbers(7),
        "score_kernel": numbers(7, 1),
    }
    fertility: Any = 1.0
    if max_fertility is not None:
        values["fertility_kernel"] = numbers(4, 1)
        fertility = max_fertility / (1 + np.exp(-(memory @ values["fertility_kernel"])[..., 0]))
    assign(attention, **values)
    context, weights = attention(query, memory)
    coverage = np.zeros((2, 5))
    for step in range(4):
        keys = memory @ values["memory_kernel"] + values["bias"]
        hidden = (query[:, step] @ values["query_kernel"])[:, None] + keys
        hidden = np.tanh(hidden + coverage[..., None] * values["coverage_kernel"][0])
        expected = numpy_softmax((hidden @ values["score_kernel"])[..., 0])
        np.testing.assert_allclose(weights[:, step], expected, atol=1e-5)
        seen = np.einsum("bs,bsm->bm", expected, memory)
        np.testing.assert_allclose(context[:, step], seen, atol=1e-5)
        coverage = coverage + expected / fertility


def test_a_fertility_that_is_not_above_0_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`max_fertility` must be a number above 0.*-1"):
        CoverageAttention(4, max_fertility=-1)
