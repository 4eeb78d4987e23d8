from collections.abc import Callable

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import ATTENTIONS, MultiHeadAttention, recorded_attention
from kerasseq.layers.attention import get_attention

Array = np.ndarray
SOFTMAX_OF_SCORES = sorted(set(ATTENTIONS) - {"multi_head"})


@pytest.mark.parametrize("name", SOFTMAX_OF_SCORES)
def test_what_is_recorded_are_the_scores_whose_softmax_the_weights_are(
    name: str, numbers: Callable[..., Array]
) -> None:
    attention = get_attention(name, units=4)
    query, memory = numbers(2, 1, 4), numbers(2, 3, 4)
    with recorded_attention() as records:
        context, weights = attention(query, memory)
    (record,) = records
    assert record.layer is attention
    assert tuple(record.scores.shape) == (2, 1, 1, 3)
    np.testing.assert_allclose(ops.softmax(record.scores)[:, 0], weights, atol=1e-6)
    np.testing.assert_array_equal(record.attention_weights[:, 0], weights)
    np.testing.assert_array_equal(record.context, context)


def test_each_head_is_recorded(numbers: Callable[..., Array]) -> None:
    attention = MultiHeadAttention(6, num_heads=3)
    with recorded_attention() as records:
        _, weights = attention(numbers(2, 4, 5), numbers(2, 7, 5))
    (record,) = records
    assert tuple(record.scores.shape) == (2, 3, 4, 7)
    np.testing.assert_allclose(ops.softmax(record.scores), record.attention_weights, atol=1e-6)
    np.testing.assert_allclose(ops.mean(record.attention_weights, axis=1), weights, atol=1e-6)


def test_nothing_is_recorded_outside(numbers: Callable[..., Array]) -> None:
    attention = get_attention("dot", units=4)
    with recorded_attention() as records:
        pass
    attention(numbers(1, 1, 4), numbers(1, 3, 4))
    assert records == []


def test_each_listener_hears_its_own(numbers: Callable[..., Array]) -> None:
    attention = get_attention("dot", units=4)
    query, memory = numbers(1, 1, 4), numbers(1, 3, 4)
    with recorded_attention() as outer:
        with recorded_attention() as inner:
            attention(query, memory)
        assert (len(outer), len(inner)) == (0, 1)
        attention(query, memory)
    assert (len(outer), len(inner)) == (1, 1)
