"""The gradient of what does not change in a loop, taken after the loop."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.layers.loop_products import multiply
from kerasseq.layers.recurrence import scan


def gradients(training: bool, steps: int, reverse: bool) -> list[Any]:
    """Of a loop with one weight, and one matrix a row, both used twice."""
    generator = np.random.default_rng(0)
    inputs = tf.constant(generator.normal(size=(steps, 2, 3)), tf.float32)
    weights = tf.constant(generator.normal(size=(3, 3)), tf.float32)
    memory = tf.constant(generator.normal(size=(2, 3, 4)), tf.float32)

    @tf.function(autograph=False)
    def run(inputs: Any, weights: Any, memory: Any) -> list[Any]:
        def step(slices: list[Any], state: list[Any]) -> tuple[list[Any], list[Any]]:
            hidden = tf.tanh(slices[0] + multiply(multiply(state[0], weights), weights))
            scores = multiply(hidden[:, None], memory)  # (rows, 1, 4)
            context = multiply(tf.nn.softmax(scores), tf.transpose(memory, (0, 2, 1)))
            return [context[:, 0]], [hidden + context[:, 0]]

        with tf.GradientTape() as tape:
            tape.watch([inputs, weights, memory])
            zeros = tf.zeros((2, 3))
            (outputs,), state = scan(step, [inputs], [zeros], [zeros], reverse, training)
            loss = tf.reduce_sum(outputs**2) + tf.reduce_sum(state[0])
        return tape.gradient(loss, [inputs, weights, memory])

    return [each.numpy() for each in run(inputs, weights, memory)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [1, 4])
def test_gradients_are_those_that_tensorflow_adds_up(steps: int, reverse: bool) -> None:
    for after, within in zip(
        gradients(True, steps, reverse), gradients(False, steps, reverse), strict=True
    ):
        np.testing.assert_allclose(after, within, rtol=1e-5, atol=1e-6)
