from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import MultiHeadAttention

Array = np.ndarray


@pytest.mark.backend
def test_heads_attend_apart_and_are_joined(
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    query, memory = numbers(2, 3, 6), numbers(2, 5, 4)
    values = {
        "query_kernel": numbers(6, 8),
        "key_kernel": numbers(4, 8),
        "value_kernel": numbers(4, 8),
        "output_kernel": numbers(8, 4),
    }
    attention = MultiHeadAttention(8, num_heads=2)
    attention.build(query.shape, memory.shape)
    assign(attention, **values)
    context, weights = attention(query, memory)
    heads, head_weights = [], []
    for columns in (slice(0, 4), slice(4, 8)):
        queries = query @ values["query_kernel"][:, columns]
        keys = memory @ values["key_kernel"][:, columns]
        head_weights.append(numpy_softmax(queries @ keys.transpose(0, 2, 1) / np.sqrt(4)))
        heads.append(head_weights[-1] @ memory @ values["value_kernel"][:, columns])
    expected = np.concatenate(heads, axis=-1) @ values["output_kernel"]
    np.testing.assert_allclose(weights, np.mean(head_weights, axis=0), atol=1e-5)
    np.testing.assert_allclose(context, expected, atol=1e-5)


@pytest.mark.backend
def test_one_head_that_changes_nothing_is_the_scaled_dot_product(
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    query, memory = numbers(2, 3, 4), numbers(2, 5, 4)
    attention = MultiHeadAttention(4, num_heads=1)
    attention.build(query.shape, memory.shape)
    names = ("query_kernel", "key_kernel", "value_kernel", "output_kernel")
    assign(attention, **dict.fromkeys(names, np.eye(4)))
    context, weights = attention(query, memory)
    expected = numpy_softmax(query @ memory.transpose(0, 2, 1) / 2)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


def test_each_head_remembers_for_itself() -> None:
    attention = MultiHeadAttention(8, num_heads=2, distribution="monotonic")
    (past,) = attention.past_before(ops.ones((3, 5), "bool"))
    assert tuple(past.shape) == (3, 2, 5)


def test_units_that_the_heads_cannot_share_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"multiple of `num_heads`\. .*units=6, num_heads=4\."):
        MultiHeadAttention(6, num_heads=4)
