from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import DotAttention

Array = np.ndarray


@pytest.mark.backend
def test_the_score_is_the_dot_product(
    numbers: Callable[..., Array], numpy_softmax: Callable[..., Any]
) -> None:
    query, memory = numbers(2, 3, 4), numbers(2, 5, 4)
    context, weights = DotAttention()(query, memory)
    expected = numpy_softmax(query @ memory.transpose(0, 2, 1))
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


@pytest.mark.backend
def test_weights_are_those_one_computes_by_hand() -> None:
    memory = ops.convert_to_tensor([[[np.log(2.0), 0.0], [0.0, 5.0], [9.0, 9.0]]], "float32")
    mask = ops.convert_to_tensor([[True, True, False]])
    query = ops.convert_to_tensor([[[1.0, 0.0]]])
    _, weights = DotAttention()(query, memory, memory_mask=mask)
    np.testing.assert_allclose(weights, [[[2 / 3, 1 / 3, 0]]], atol=1e-6)


def test_sizes_that_differ_are_an_error_that_names_the_way_out() -> None:
    message = r"`DotAttention` needs .* query 4, memory 3\. Use `GeneralAttention`"
    with pytest.raises(ValueError, match=message):
        DotAttention()(ops.ones((1, 2, 4)), ops.ones((1, 2, 3)))
