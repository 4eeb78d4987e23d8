from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import ScaledDotAttention

Array = np.ndarray


@pytest.mark.backend
def test_the_score_is_the_dot_product_over_the_root_of_the_size(
    numbers: Callable[..., Array], numpy_softmax: Callable[..., Any]
) -> None:
    query, memory = numbers(2, 3, 9), numbers(2, 5, 9)
    context, weights = ScaledDotAttention()(query, memory)
    expected = numpy_softmax(query @ memory.transpose(0, 2, 1) / 3)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(context, expected @ memory, atol=1e-5)


def test_sizes_that_differ_are_an_error_that_names_the_way_out() -> None:
    message = r"`ScaledDotAttention` needs .* query 4, memory 3\. Use `GeneralAttention`"
    with pytest.raises(ValueError, match=message):
        ScaledDotAttention()(ops.ones((1, 2, 4)), ops.ones((1, 2, 3)))
