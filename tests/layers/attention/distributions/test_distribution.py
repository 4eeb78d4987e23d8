"""The contract of a distribution, over the family, called as a layer of its own."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.distributions import DISTRIBUTIONS

Array = np.ndarray
each_name = pytest.mark.parametrize("name", DISTRIBUTIONS)


@each_name
def test_weights_are_float32_and_0_on_padding(name: str, numbers: Callable[..., Array]) -> None:
    layer = DISTRIBUTIONS[name](dtype="mixed_bfloat16")
    mask = np.array([[[True, True, True, False]], [[False] * 4]])
    scores = ops.convert_to_tensor(numbers(2, 3, 4), "bfloat16")
    weights = layer(scores, ops.convert_to_tensor(mask), numbers(2, 3, 5))
    assert keras.backend.standardize_dtype(weights.dtype) == "float32"
    found = ops.convert_to_numpy(weights)
    assert np.all(found[~np.broadcast_to(mask, found.shape)] == 0)
    assert np.all(found[0].sum(axis=-1) > 0)
    if layer.sums_to_one:
        np.testing.assert_allclose(found[0].sum(axis=-1), 1, atol=1e-6)


@each_name
def test_a_symbolic_call_knows_shape_and_dtype(name: str) -> None:
    scores, query = keras.Input((None, None)), keras.Input((None, 5))
    mask = keras.Input((1, None), dtype="bool")
    layer = DISTRIBUTIONS[name]()
    weights = layer(scores, mask, query)
    assert (weights.shape, weights.dtype) == ((None, None, None), "float32")
    model = keras.Model([scores, mask, query], weights)
    given: Any = [np.zeros((2, 3, 4), "float32"), np.ones((2, 1, 4), bool), np.zeros((2, 3, 5))]
    assert model(given).shape == (2, 3, 4)


@each_name
def test_its_config_makes_it_again(name: str) -> None:
    layer = DISTRIBUTIONS[name]()
    plain = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(plain)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
