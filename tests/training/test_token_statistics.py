import numpy as np
import pytest
from keras import ops

from kerasseq.training.token_statistics import (
    flat_logits,
    label_margins,
    negative_log_likelihoods,
    real_tokens,
)

LOGITS = np.array([[3.0, 1.0, -4.0], [3.0, 1.0, -4.0], [2.0, 2.0, 2.0]], "float32")
LABELS = np.array([0, 2, 1], "int32")


@pytest.mark.backend
def test_a_margin_is_the_distance_to_the_largest_logit_and_zero_for_the_winner() -> None:
    np.testing.assert_array_equal(ops.convert_to_numpy(label_margins(LABELS, LOGITS)), [0, 7, 0])


@pytest.mark.backend
def test_the_likelihood_comes_from_the_margin_and_the_largest_probability() -> None:
    values = negative_log_likelihoods(label_margins(LABELS, LOGITS), ops.softmax(LOGITS))
    total = 1 + np.exp(-2) + np.exp(-7)
    expected = [np.log(total), 7 + np.log(total), np.log(3)]
    np.testing.assert_allclose(ops.convert_to_numpy(values), expected, rtol=1e-6)


def test_logits_become_a_float32_matrix() -> None:
    flat = flat_logits(ops.ones((2, 3, 4), "bfloat16"))
    assert tuple(flat.shape) == (6, 4)
    assert flat.dtype == "float32"


@pytest.mark.backend
def test_padding_and_weights_of_zero_are_not_real() -> None:
    labels = np.array([[5, 0, 2], [4, 4, 0]], "int32")
    cases = {
        None: [[True, False, True], [True, True, False]],
        ((9.0, 9.0, 0.0), (0.0, 0.5, 9.0)): [[True, False, False], [False, True, False]],
        (0.0, 2.0): [[False, False, False], [True, True, False]],
    }
    for weights, expected in cases.items():
        sample_weight = None if weights is None else np.array(weights, "float32")
        real = ops.convert_to_numpy(real_tokens(ops.convert_to_tensor(labels), sample_weight, 0))
        np.testing.assert_array_equal(real, expected)
