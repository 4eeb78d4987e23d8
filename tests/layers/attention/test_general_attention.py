from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq.layers.attention import GeneralAttention

Array = np.ndarray


def luong_score(query: Array, keys: Array, scale: float | None = None) -> Array:
    """What `tfa.seq2seq.LuongAttention` computes: keys are the projected memory."""
    score = np.einsum("btu,bsu->bts", query, keys)
    return score if scale is None else scale * score


@pytest.mark.backend
@pytest.mark.parametrize("scale", [None, 1.7])
def test_the_values_are_those_of_tfa(
    scale: float | None,
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    query, memory, kernel = numbers(2, 3, 6), numbers(2, 5, 4), numbers(4, 6)
    attention = GeneralAttention(scale=scale is not None)
    attention.build(query.shape, memory.shape)
    assign(attention, kernel=kernel)
    if scale is not None:
        assign(attention, gain=scale)
    context, weights = attention(query, memory)
    expected = numpy_softmax(luong_score(query, memory @ kernel, scale))
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


def test_the_learnt_scalar_starts_from_1() -> None:
    attention = GeneralAttention(scale=True)
    attention.build((None, None, 3), (None, None, 3))
    assert float(attention.gain) == 1.0


def test_a_scale_that_is_a_number_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"`scale` must be True or False\. Received: 0\.5\."):
        GeneralAttention(scale=0.5)  # type: ignore[arg-type]
