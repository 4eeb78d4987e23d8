"""Gradients written by hand, against those that TensorFlow finds for the same cell."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq.layers import hand_gradients
from kerasseq.layers.cells import GRUCell, LSTMCell, RecurrentCell
from kerasseq.layers.cells.run_over_time import run_over_time

ROWS, UNITS, STEPS = 4, 3, 5


def draw(*shape: int) -> tf.Tensor:
    return tf.constant(
        np.random.default_rng(len(shape) + sum(shape)).normal(size=shape), tf.float32
    )


def make_cell(make: Callable[..., RecurrentCell]) -> RecurrentCell:
    """A cell none of whose weights is a zero."""
    random = keras.initializers.RandomNormal(stddev=0.5, seed=7)
    cell = make(UNITS, kernel_initializer=random, bias_initializer=random)
    cell(tf.zeros((1, 2)), cell.initial_state(1))
    return cell


def run_over_words(
    cell: RecurrentCell, training: bool, reverse: bool = False
) -> tuple[Any, tf.Tensor, list[tf.Tensor]]:
    """A function to outputs, state and all gradients, and what it takes: inputs and state."""
    mask = tf.transpose(tf.sequence_mask([5, 2, 0, 3], STEPS))  # (time, rows)

    @tf.function(autograph=False)
    def run(inputs: tf.Tensor, state: list[tf.Tensor]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([inputs, *state])
            outputs, last = run_over_time(
                cell, inputs, state, mask, reverse=reverse, training=training
            )
            loss = tf.reduce_sum(outputs**2) + sum(tf.reduce_sum(tf.sin(each)) for each in last)
        weights = [weight.value for weight in cell.trainable_weights]
        return outputs, last, tape.gradient(loss, [inputs, *state, *weights])

    state = [draw(ROWS, UNITS) * (1 + index) for index in range(len(cell.state_names))]
    return run, draw(STEPS, ROWS, 2), state


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("make", [GRUCell, LSTMCell])
def test_a_training_has_the_values_and_gradients_of_the_cell(
    make: Callable[..., RecurrentCell], reverse: bool
) -> None:
    cell = make_cell(make)
    by_hand, inputs, state = run_over_words(cell, True, reverse)
    automatic, *_ = run_over_words(cell, False, reverse)
    for found, expected in zip(
        tf.nest.flatten(by_hand(inputs, state)),
        tf.nest.flatten(automatic(inputs, state)),
        strict=True,
    ):
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_one_row_of_inputs_serves_all_rows() -> None:
    """So it is where a step is fed all that it reads: before it, only the bias is known."""
    wide, hidden, bias = draw(ROWS, 3 * UNITS), draw(ROWS, UNITS), draw(UNITS)

    @tf.function(autograph=False)
    def run(one: tf.Tensor, rows: int) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(one)
            inputs = tf.ensure_shape(tf.repeat(one, rows, axis=0), (rows, 3 * UNITS))
            found = hand_gradients.gru_state(inputs, wide, bias, hidden)
            loss = tf.reduce_sum(found**2)
        return found, tape.gradient(loss, one)

    one = draw(1, 3 * UNITS)
    for found, expected in zip(run(one, 1), run(one, ROWS), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_what_is_not_chosen_gets_no_gradient_even_of_infinity() -> None:
    chosen, other = tf.constant([[1.0], [np.inf]]), tf.constant([[np.inf], [2.0]])
    with tf.GradientTape() as tape:
        tape.watch([chosen, other])
        values = hand_gradients.choose(tf.constant([[True], [False]]), chosen, other)
        loss = tf.reduce_sum(values**2)
    assert values.numpy().tolist() == [[1.0], [2.0]]
    of_chosen, of_other = tape.gradient(loss, [chosen, other])
    assert of_chosen.numpy().tolist() == [[2.0], [0.0]]
    assert of_other.numpy().tolist() == [[0.0], [4.0]]


def operations(cell: RecurrentCell, training: bool) -> list[Counter[str]]:
    """Those in the loop and in the loop of its gradients, counted by name."""
    run, inputs, state = run_over_words(cell, training)
    graph = run.get_concrete_function(inputs, state).graph.as_graph_def()
    bodies = {each.signature.name: each for each in graph.library.function}
    (backward,) = (name for name in bodies if "body" in name and "_grad_" in name)
    forward = backward.partition("_grad_")[0]  # as it was before it kept what gradients read
    return [Counter(node.op for node in bodies[name].node_def) for name in (forward, backward)]


def test_a_training_makes_no_zeros_that_nobody_reads() -> None:
    """Neither for the slot of a product nor for a place of the outputs, once it is written."""
    forward, backward = operations(make_cell(GRUCell), training=True)
    assert forward["TensorListGetItem"] == 2  # the inputs' products and the mask
    assert backward["TensorListSetItem"] == 3  # two of a slot, one of the inputs' gradient


def test_only_a_training_has_them() -> None:
    """A search, and the file that serves it, keep to plain operations."""
    for training in (True, False):
        forward, _ = operations(make_cell(GRUCell), training)
        assert (forward["IdentityN"] > 0) == training
