import numpy as np
from keras import ops

from kerasseq.layers import LayerNormalizedLSTMCell

Array = np.ndarray


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def normalize(values: Array) -> Array:
    return (values - values.mean()) / np.sqrt(values.var() + 1e-5)


def test_a_step_is_the_published_formula() -> None:
    cell = LayerNormalizedLSTMCell(2)
    cell.build((None, 1))
    kernel = np.array([[1, -1, 2, 0, 1, 1, -1, 3]]) / 2
    recurrent_kernel = np.arange(16).reshape(2, 8) ** 2 / 64 - 1
    bias = np.array([0, 1, 1, 1, -1, 0, 0, 2]) / 4
    input_gain, recurrent_gain = np.arange(8) / 4, 2 - np.arange(8) / 8
    cell_gain, cell_bias = np.array([0.5, 2]), np.array([0.25, -0.25])
    named = {
        "kernel": kernel,
        "recurrent_kernel": recurrent_kernel,
        "bias": bias,
        "input_gain": input_gain,
        "recurrent_gain": recurrent_gain,
        "cell_gain": cell_gain,
        "cell_bias": cell_bias,
    }
    for name, value in named.items():
        getattr(cell, name).assign(value)
    x, h, c = np.array([[3.0]]), np.array([[0.5, -0.25]]), np.array([[1.0, -2.0]])

    gates = (
        input_gain * normalize(x @ kernel) + recurrent_gain * normalize(h @ recurrent_kernel) + bias
    )
    enter, forget, candidate, leave = np.split(gates, 4, axis=1)
    new_c = sigmoid(forget) * c + sigmoid(enter) * np.tanh(candidate)
    new_h = sigmoid(leave) * np.tanh(cell_gain * normalize(new_c) + cell_bias)

    output, (hidden, memory) = cell(x.astype("float32"), [h, c])
    np.testing.assert_allclose(output, new_h, atol=1e-5)
    np.testing.assert_allclose(hidden, new_h, atol=1e-5)
    np.testing.assert_allclose(memory, new_c, atol=1e-5)


def test_the_size_of_the_input_does_not_matter() -> None:
    cell = LayerNormalizedLSTMCell(4)
    state = [ops.zeros((1, 4)), ops.ones((1, 4))]
    small, _ = cell(ops.convert_to_tensor([[1.0, 2.0]]), state)
    large, _ = cell(ops.convert_to_tensor([[100.0, 200.0]]), state)
    np.testing.assert_allclose(small, large, atol=1e-3)


def test_the_forget_gate_starts_open() -> None:
    cell = LayerNormalizedLSTMCell(2)
    cell.build((None, 1))
    assert ops.convert_to_numpy(cell.bias).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
