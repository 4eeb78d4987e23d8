from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq.layers.attention import NormalizedAdditiveAttention

Array = np.ndarray


@pytest.mark.backend
def test_the_values_are_those_of_tfa(
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    """`tfa.seq2seq.BahdanauAttention(normalize=True)`, with `attention_g` and `attention_b`."""
    query, memory = numbers(2, 3, 6), numbers(2, 5, 4)
    query_kernel, memory_kernel, score_kernel = numbers(6, 7), numbers(4, 7), numbers(7)
    gain, bias = 1.3, numbers(7)
    attention = NormalizedAdditiveAttention(7)
    attention.build(query.shape, memory.shape)
    assign(
        attention,
        query_kernel=query_kernel,
        memory_kernel=memory_kernel,
        score_kernel=score_kernel[:, None],
        gain=gain,
        bias=bias,
    )
    context, weights = attention(query, memory)
    normed = gain * score_kernel / np.sqrt(np.sum(score_kernel**2))
    keys, processed_query = memory @ memory_kernel, query @ query_kernel
    hidden = np.tanh(keys[:, None] + processed_query[:, :, None] + bias)
    expected = numpy_softmax(np.sum(normed * hidden, axis=-1))
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


def test_gain_and_bias_start_where_tfa_starts_them() -> None:
    attention = NormalizedAdditiveAttention(16)
    attention.build((None, None, 3), (None, None, 3))
    assert float(attention.gain) == 0.25  # sqrt(1 / 16)
    assert np.array_equal(attention.bias, np.zeros(16))
