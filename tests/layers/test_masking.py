from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import masking

SCORES = np.array([[0.0, np.log(3), 50.0], [1.0, 2.0, 3.0]], "float32")
MASK = [[True, True, False], [False, False, False]]


def test_a_masked_softmax_is_zero_on_padding_and_where_nothing_is_real() -> None:
    weights = masking.masked_softmax(ops.convert_to_tensor(SCORES), ops.convert_to_tensor(MASK))
    expected = np.array([[1 / 4, 3 / 4, 0], [0, 0, 0]])
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_a_softmax_is_in_float32_whatever_comes() -> None:
    scores = ops.cast(ops.convert_to_tensor(SCORES), "bfloat16")
    assert masking.masked_softmax(scores, None).dtype == "float32"


@pytest.mark.parametrize(
    "function",
    [
        lambda values, mask: masking.masked_softmax(values[..., 0], mask),
        masking.masked_mean,
        masking.masked_max,
        masking.zero_padding,
    ],
    ids=["softmax", "mean", "max", "zero"],
)
def test_gradients_are_finite_and_zero_where_nothing_is_real(function: Callable[..., Any]) -> None:
    tf = pytest.importorskip("tensorflow")
    values = tf.constant(SCORES)[..., None]
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(values, tf.constant(MASK))
        loss = tf.reduce_sum(
            result * tf.reshape(tf.range(tf.size(result), dtype="float32"), result.shape)
        )
    gradient = tape.gradient(loss, values).numpy()
    assert np.all(np.isfinite(gradient))
    assert np.all(gradient[~np.array(MASK)] == 0)


def test_mean_and_maximum_are_of_what_is_real() -> None:
    values = ops.convert_to_tensor([[[-1.0], [-3.0], [9.0]], [[5.0], [5.0], [5.0]]])
    mask = ops.convert_to_tensor(MASK)
    assert ops.convert_to_numpy(masking.masked_mean(values, mask)).tolist() == [[-2], [0]]
    assert ops.convert_to_numpy(masking.masked_max(values, mask)).tolist() == [[-1], [0]]
    assert ops.convert_to_numpy(masking.masked_mean(values, None))[1].tolist() == [5]
    assert ops.convert_to_numpy(masking.masked_max(values, None))[0].tolist() == [9]


def test_a_mean_over_no_position_is_zero_with_and_without_a_mask() -> None:
    values, mask = ops.ones((2, 0, 1)), ops.ones((2, 0), "bool")
    assert ops.convert_to_numpy(masking.masked_mean(values, None)).tolist() == [[0], [0]]
    assert ops.convert_to_numpy(masking.masked_mean(values, mask)).tolist() == [[0], [0]]


def test_padding_becomes_zero() -> None:
    values = ops.ones((2, 3, 1))
    found = ops.convert_to_numpy(masking.zero_padding(values, ops.convert_to_tensor(MASK)))
    assert found[..., 0].tolist() == [[1, 1, 0], [0, 0, 0]]
    assert masking.zero_padding(values, None) is values


def test_rows_are_kept_where_they_are_not_real() -> None:
    mask = ops.convert_to_tensor([True, False])
    new, old = [ops.ones((2, 1)), ops.ones((2, 1, 1))], [ops.zeros((2, 1)), ops.zeros((2, 1, 1))]
    kept = masking.keep_where(mask, new, old)
    assert [ops.convert_to_numpy(each).ravel().tolist() for each in kept] == [[1, 0], [1, 0]]
