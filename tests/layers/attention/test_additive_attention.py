from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq.layers.attention import AdditiveAttention

Array = np.ndarray


@pytest.mark.backend
def test_the_values_are_those_of_tfa(
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    """`tfa.seq2seq.BahdanauAttention`: `sum(v * tanh(keys + processed_query))`."""
    query, memory = numbers(2, 3, 6), numbers(2, 5, 4)
    query_kernel, memory_kernel, score_kernel = numbers(6, 7), numbers(4, 7), numbers(7)
    attention = AdditiveAttention(7)
    attention.build(query.shape, memory.shape)
    assign(
        attention,
        query_kernel=query_kernel,
        memory_kernel=memory_kernel,
        score_kernel=score_kernel[:, None],
    )
    context, weights = attention(query, memory)
    hidden = np.tanh((memory @ memory_kernel)[:, None] + (query @ query_kernel)[:, :, None])
    expected = numpy_softmax(np.sum(score_kernel * hidden, axis=-1))
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


def test_units_that_are_no_size_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"`units` must be an integer of at least 1.*0\."):
        AdditiveAttention(0)
