"""Products with laid-out weights: the numbers and gradients of plain ones."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.loop_weights import LoopWeights, multiply_all_steps
from kerasseq.layers.recurrence import scan

Array = np.ndarray


def matrices(columns: int, size: int = 3) -> tuple[Array, Array]:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(4, 2, size)).astype("float32")
    return inputs, generator.normal(size=(size, columns)).astype("float32")


@pytest.mark.backend
@pytest.mark.parametrize("columns", [5, 512])
def test_both_products_are_the_plain_one(columns: int) -> None:
    inputs, weights = matrices(columns)
    assert (LoopWeights(ops.convert_to_tensor(weights)).laid_out is not None) == (columns == 512)
    for product in (LoopWeights(ops.convert_to_tensor(weights)).multiply, by_all_steps(weights)):
        found = ops.convert_to_numpy(product(ops.convert_to_tensor(inputs)))
        np.testing.assert_allclose(found, inputs @ weights, atol=1e-5)


def by_all_steps(weights: Array) -> Any:
    return lambda inputs: multiply_all_steps(inputs, ops.convert_to_tensor(weights))


@pytest.mark.parametrize("columns", [5, 512])
def test_nothing_times_weights_is_zeros(columns: int) -> None:
    inputs, weights = matrices(columns, size=0)
    for product in (LoopWeights(ops.convert_to_tensor(weights)).multiply, by_all_steps(weights)):
        found = ops.convert_to_numpy(product(ops.convert_to_tensor(inputs)))
        np.testing.assert_array_equal(found, np.zeros((4, 2, columns)))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a tape is TensorFlow's")
@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("columns", [5, 512])
def test_gradients_are_those_of_plain_products(
    columns: int, training: bool, in_graph: bool
) -> None:
    """A loop whose state is fed back through weights, behind a product of all its steps."""
    import tensorflow as tf

    inputs, weights = matrices(columns)
    back = np.random.default_rng(1).normal(size=(columns, columns)).astype("float32") / columns

    def run(laid_out: bool, *tensors: Any) -> Any:
        inputs, weights, back = tensors
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            projected = (multiply_all_steps if laid_out else tf.matmul)(inputs, weights)
            fed = LoopWeights(back).multiply if laid_out else (lambda rows: rows @ back)

            def step(slices: list[Any], state: list[Any]) -> tuple[list[Any], list[Any]]:
                hidden = tf.tanh(slices[0] + fed(state[0]))
                return [hidden], [hidden]

            zeros = tf.zeros((2, columns))
            (outputs,), _ = scan(step, [projected], [zeros], [zeros], training=training)
            loss = tf.reduce_sum(outputs**2)
        return [loss, *tape.gradient(loss, tensors)]

    tensors = [tf.constant(each) for each in (inputs, weights, back)]
    call = tf.function(run, autograph=False) if in_graph else run
    for found, expected in zip(call(True, *tensors), run(False, *tensors), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a tape is TensorFlow's")
def test_the_gradient_of_inputs_and_weights_is_that_of_a_product() -> None:
    import tensorflow as tf

    inputs, weights = (tf.constant(each) for each in matrices(512))
    upstream = np.random.default_rng(2).normal(size=(4, 2, 512)).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch([inputs, weights])
        product = multiply_all_steps(inputs, weights)
    found = tape.gradient(product, [inputs, weights], output_gradients=tf.constant(upstream))
    expected = [
        upstream @ weights.numpy().T,
        np.einsum("tbs,tbc->sc", inputs.numpy(), upstream),
    ]
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4)
