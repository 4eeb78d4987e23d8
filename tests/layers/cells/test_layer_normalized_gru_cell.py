import numpy as np
import pytest

from kerasseq.layers import LayerNormalizedGRUCell

Array = np.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def normalize(values: Array) -> Array:
    return (values - values.mean()) / np.sqrt(values.var() + 1e-5)


def test_a_step_is_the_published_formula() -> None:
    cell = LayerNormalizedGRUCell(2)
    cell.build((None, 1))
    kernel = np.array([[1, -1, 2, 0, 1, 3]]) / 2
    recurrent_kernel = np.arange(12).reshape(2, 6) ** 2 / 36 - 1
    bias, candidate_bias = np.array([0, 1, 1, -1, 0, 2]) / 4, np.array([0.5, -1])
    input_gain, recurrent_gain = np.arange(6) / 4, 2 - np.arange(6) / 8
    named = {
        "kernel": kernel,
        "recurrent_kernel": recurrent_kernel,
        "bias": bias,
        "candidate_bias": candidate_bias,
        "input_gain": input_gain,
        "recurrent_gain": recurrent_gain,
    }
    for name, value in named.items():
        getattr(cell, name).assign(value)
    x, h = np.array([[3.0]]), np.array([[0.5, -0.25]])

    of_input, of_state = x @ kernel, h @ recurrent_kernel
    gates = (
        input_gain[:4] * normalize(of_input[:, :4])
        + recurrent_gain[:4] * normalize(of_state[:, :4])
        + bias[:4]
    )
    z, r = np.split(sigmoid(gates), 2, axis=1)
    from_input = input_gain[4:] * normalize(of_input[:, 4:]) + bias[4:]
    from_state = recurrent_gain[4:] * normalize(of_state[:, 4:]) + candidate_bias
    expected = (1 - z) * h + z * np.tanh(from_input + r * from_state)

    output, (hidden,) = cell(x.astype("float32"), [h])
    np.testing.assert_allclose(output, expected, atol=1e-5)
    np.testing.assert_allclose(hidden, expected, atol=1e-5)


def test_epsilon_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"`epsilon` must be a number above 0\. Received: 0"):
        LayerNormalizedGRUCell(2, epsilon=0)
