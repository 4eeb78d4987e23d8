import gc
import weakref

import keras
import numpy as np
import tensorflow as tf

from kerasseq.experiments.network_session import network_session


class Doubling:
    """Holds a function whose gradient is of its own."""

    def __init__(self) -> None:
        self.function = tf.function(self.double, autograph=False)

    @staticmethod
    @tf.custom_gradient
    def double(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        return 2.0 * x, lambda upstream: 2.0 * upstream

    def slope(self) -> float:
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = self.function(x)
        return float(tape.gradient(y, x))


def test_graphs_with_gradients_of_their_own_do_not_stay() -> None:
    with network_session():
        doubling = Doubling()
        assert doubling.slope() == 2.0
        graph = weakref.ref(doubling.function.get_concrete_function(tf.constant(3.0)).graph)
        del doubling
    gc.collect()
    assert graph() is None


def test_what_was_made_before_goes_on_and_settings_stay() -> None:
    before, network = Doubling(), keras.Sequential([keras.layers.Dense(2)])
    expected = network(np.ones((1, 3), np.float32))
    assert before.slope() == 2.0
    keras.config.set_floatx("float64")
    try:
        with network_session():
            Doubling().slope()
        assert keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx("float32")
    assert before.slope() == 2.0
    np.testing.assert_array_equal(network(np.ones((1, 3), np.float32)), expected)
