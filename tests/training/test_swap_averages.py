"""Moving averages stand in the network while it is judged, and training does not notice."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.training import FusedAdam, SwapAverages
from kerasseq.training.swap_averages import averages_of

DATA = (np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]]))


class Spy(keras.callbacks.Callback):
    """Writes down the weight after each epoch and in each validation."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[float]] = {"epoch": [], "test": []}

    def weight(self) -> float:
        return float(self.model.get_weights()[0][0, 0])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.seen["epoch"].append(self.weight())

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.seen["test"].append(self.weight())


def network(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    made = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    made.compile(optimizer, "mse", run_eagerly=True)
    made.set_weights([np.array([[0.1]])])
    return made


def fit(made: keras.Model, callbacks: list[Any], epochs: int = 4) -> dict[str, list[float]]:
    spy = Spy()
    made.fit(
        *DATA,
        batch_size=1,
        validation_data=DATA,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[*callbacks, spy],
    )
    return spy.seen


def test_callbacks_and_validation_see_averages_of_weights_that_no_swap_has_touched() -> None:
    plain = network(FusedAdam(0.1))
    passed: list[float] = []
    store = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: passed.append(float(plain.get_weights()[0][0, 0]))
    )
    fit(plain, [store])
    averages, average = [], passed[0]
    for step, weight in enumerate(passed):
        average = weight if step == 0 else 0.5 * average + 0.5 * weight
        averages.append(average)

    averaged = network(FusedAdam(0.1, use_ema=True, ema_momentum=0.5))
    seen = fit(averaged, [SwapAverages()])
    np.testing.assert_allclose(seen["epoch"], averages[1::2], rtol=1e-6)
    np.testing.assert_allclose(seen["test"][::2], averages[1::2], rtol=1e-6)
    # Keras leaves the averages in the network when the training ends.
    assert float(averaged.get_weights()[0][0, 0]) == pytest.approx(averages[-1], rel=1e-6)


def test_training_goes_on_bit_for_bit_with_what_it_had() -> None:
    trained, swaps = network(FusedAdam(0.1, use_ema=True)), SwapAverages()
    swaps.set_model(trained)
    trained.train_on_batch(*DATA)
    trained.train_on_batch(*DATA)
    before = trained.get_weights()
    swaps.show()
    assert trained.get_weights()[0] != before[0]
    swaps.show()  # a second time changes nothing
    swaps.hide()
    np.testing.assert_array_equal(trained.get_weights()[0], before[0])
    swaps.hide()
    np.testing.assert_array_equal(trained.get_weights()[0], before[0])


def test_before_the_first_update_there_is_nothing_to_show() -> None:
    fresh, swaps = network(FusedAdam(0.1, use_ema=True)), SwapAverages()
    fresh.optimizer.build(fresh.trainable_variables)
    swaps.set_model(fresh)
    swaps.show()
    np.testing.assert_allclose(fresh.get_weights()[0], [[0.1]])


def test_frozen_weights_have_no_average() -> None:
    layers = [keras.layers.Dense(1, use_bias=False) for _ in range(2)]
    layers[0].trainable = False
    partly = keras.Sequential([keras.Input((1,)), *layers])
    partly.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse", run_eagerly=True)
    partly.set_weights([np.ones((1, 1)), np.ones((1, 1))])
    fit(partly, [SwapAverages()], epochs=1)
    frozen, learnt = partly.get_weights()
    assert frozen.tolist() == [[1.0]]
    assert learnt.tolist() != [[1.0]]


def test_an_optimizer_without_averages_is_an_error() -> None:
    with pytest.raises(ValueError, match="`SwapAverages` needs .* Received: FusedAdam with use_e"):
        fit(network(FusedAdam(0.1)), [SwapAverages()])


def test_averages_are_found_in_the_optimizer_that_keras_puts_another_around() -> None:
    """So it does under `mixed_float16`."""
    inner = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile(keras.optimizers.LossScaleOptimizer(inner), "mse", jit_compile=False)
    x, y = np.ones((4, 1)), np.full(4, 3.0)
    shown = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: shown.append(network.get_weights())
    )
    network.fit(x, y, epochs=1, verbose=0, callbacks=[SwapAverages(), look])
    for ours, average in zip(shown[0], averages_of(network.optimizer), strict=True):
        np.testing.assert_array_equal(ours, ops.convert_to_numpy(average))
