from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import LocationAwareAttention

Array = np.ndarray


def convolve(weights: Array, filters: Array) -> Array:
    """`f_j = F * weights` with zeros beyond the ends: `(batch, source_length, num_filters)`."""
    size = len(filters)
    left = (size - 1) // 2
    padded = np.pad(weights, [(0, 0), (left, size - 1 - left)])
    length = weights.shape[1]
    return np.stack([padded[:, j : j + size] @ filters for j in range(length)], axis=1)


@pytest.mark.backend
@pytest.mark.parametrize("filter_size", [1, 2, 3, 9])
def test_the_score_sees_the_weights_of_the_step_before(
    filter_size: int,
    numbers: Callable[..., Array],
    numpy_softmax: Callable[..., Any],
    assign: Callable[..., None],
) -> None:
    query, memory = numbers(2, 4, 6), numbers(2, 5, 4)
    attention = LocationAwareAttention(7, num_filters=3, filter_size=filter_size)
    attention.build(query.shape, memory.shape)
    values = {
        "query_kernel": numbers(6, 7),
        "memory_kernel": numbers(4, 7),
        "filters": numbers(filter_size, 1, 3),
        "location_kernel": numbers(3, 7),
        "bias": numbers(7),
        "score_kernel": numbers(7, 1),
    }
    assign(attention, **values)
    context, weights = attention(query, memory)
    previous = np.zeros((2, 5))
    for step in range(4):
        location = convolve(previous, values["filters"][:, 0]) @ values["location_kernel"]
        keys = memory @ values["memory_kernel"] + values["bias"]
        hidden = np.tanh((query[:, step] @ values["query_kernel"])[:, None] + keys + location)
        previous = numpy_softmax((hidden @ values["score_kernel"])[..., 0])
        np.testing.assert_allclose(weights[:, step], previous, atol=1e-5)
        expected = np.einsum("bs,bsm->bm", previous, memory)
        np.testing.assert_allclose(context[:, step], expected, atol=1e-5)


def test_it_does_not_depend_on_how_keras_lays_out_images(
    numbers: Callable[..., Array],
) -> None:
    layer = LocationAwareAttention(4, num_filters=3, filter_size=3)
    query, memory = numbers(2, 3, 4), numbers(2, 5, 6)
    expected = ops.convert_to_numpy(layer(query, memory)[0])
    keras.config.set_image_data_format("channels_first")
    try:
        np.testing.assert_allclose(layer(query, memory)[0], expected, atol=1e-6)
    finally:
        keras.config.set_image_data_format("channels_last")


def test_sizes_that_are_none_are_errors() -> None:
    with pytest.raises(ValueError, match=r"`num_filters` must be an integer of at least 1.*0"):
        LocationAwareAttention(4, num_filters=0)
    with pytest.raises(ValueError, match=r"`filter_size` must be an integer of at least 1.*-3"):
        LocationAwareAttention(4, filter_size=-3)


def test_before_the_first_step_nothing_has_been_attended_to() -> None:
    (previous,) = LocationAwareAttention(4).past_before(ops.ones((2, 3), "bool"))
    assert np.array_equal(previous, np.zeros((2, 3)))
