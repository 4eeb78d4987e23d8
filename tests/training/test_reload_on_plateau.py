import logging
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.training import ReloadOnPlateau, SwapAverages


def started(callback: ReloadOnPlateau, learning_rate: Any = 0.5) -> keras.Model:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(keras.optimizers.SGD(learning_rate, momentum=0.9), "mse", run_eagerly=True)
    network.optimizer.build(network.trainable_variables)
    callback.set_model(network)
    callback.on_train_begin()
    return network


def live(callback: ReloadOnPlateau, network: keras.Model, values: list[float]) -> list[float]:
    """Epoch i sets the weight to i and logs values[i]; returns the weight after each epoch."""
    weights = []
    for epoch, value in enumerate(values):
        network.set_weights([np.array([[float(epoch)]])])
        callback.on_epoch_end(epoch, {callback.monitor: value})
        weights.append(float(network.get_weights()[0][0, 0]))
    return weights


def learning_rate(network: keras.Model) -> float:
    return float(network.optimizer.learning_rate.numpy())


def test_it_goes_back_to_the_best_weights_with_a_lower_rate(
    caplog: pytest.LogCaptureFixture,
) -> None:
    callback = ReloadOnPlateau("val_loss", patience=2, factor=0.5)
    network = started(callback)
    with caplog.at_level(logging.INFO, logger="kerasseq.training.reload_on_plateau"):
        assert live(callback, network, [3.0, 2.0, 2.5, 2.0]) == [0.0, 1.0, 2.0, 1.0]
    assert learning_rate(network) == 0.25
    assert caplog.messages == [
        "epoch 4: no better val_loss than 2 of epoch 2; back to it, learning rate 0.5 -> 0.25"
    ]


def test_more_is_better_with_mode_max() -> None:
    callback = ReloadOnPlateau("val_bleu", mode="max", patience=1)
    network = started(callback)
    assert live(callback, network, [10.0, 12.0, 11.0]) == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_nan_is_never_the_best(mode: str) -> None:
    callback = ReloadOnPlateau(mode=mode, patience=3)
    better = [3.0, 2.0] if mode == "min" else [2.0, 3.0]
    live(callback, started(callback), [float("nan"), *better, float("nan")])
    assert (callback.best, callback.best_epoch, callback.wait) == (better[1], 2, 1)


def test_a_change_of_min_delta_is_no_improvement() -> None:
    callback = ReloadOnPlateau("val_bleu", mode="max", min_delta=1.0)
    network = started(callback)
    assert live(callback, network, [10.0, 11.0]) == [0.0, 0.0]


def test_moments_go_back_and_the_count_of_steps_does_not() -> None:
    callback = ReloadOnPlateau()
    network = started(callback)
    data = (np.ones((1, 1)), np.full((1, 1), 3.0))
    network.train_on_batch(*data)
    callback.on_epoch_end(0, {"val_loss": 1.0})
    momentum = next(v for v in network.optimizer.variables if "momentum" in v.name)
    weight, moment = float(network.get_weights()[0][0, 0]), float(momentum.numpy()[0, 0])
    network.train_on_batch(*data)
    assert float(momentum.numpy()[0, 0]) != moment
    callback.on_epoch_end(1, {"val_loss": 2.0})
    assert float(network.get_weights()[0][0, 0]) == weight
    assert float(momentum.numpy()[0, 0]) == moment
    assert int(network.optimizer.iterations.numpy()) == 2


def test_gradients_that_wait_keep_the_phase_of_the_count() -> None:
    network = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    network.compile(
        keras.optimizers.SGD(1.0, gradient_accumulation_steps=2),
        lambda labels, outputs: outputs,  # a gradient of 1, wherever the weight is
        run_eagerly=True,
    )
    network.optimizer.build(network.trainable_variables)
    callback = ReloadOnPlateau(factor=0.5)
    callback.set_model(network)
    callback.on_train_begin()
    weights = []
    for epoch, loss in enumerate([1.0, 2.0, 3.0]):  # three batches each: one gradient waits
        for _ in range(3):
            network.train_on_batch(np.ones((1, 1)), np.ones((1, 1)))
            weights.append(float(network.get_weights()[0][0, 0]))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    # After epoch 2 back to -1, at half the rate; every second batch updates, by no more than it.
    assert weights == [0.0, -1.0, -1.0, -2.0, -2.0, -3.0, -1.0, -1.5, -1.5]


def test_the_weights_that_training_goes_on_with_come_back_and_not_their_averages() -> None:
    def trained(swaps: bool) -> list[float]:
        network = keras.Sequential(
            [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
        )
        network.compile(
            keras.optimizers.SGD(0.8, use_ema=True, ema_momentum=0.5), "mse", run_eagerly=True
        )
        averages = SwapAverages()
        losses = iter([1.0, 2.0, 3.0, 4.0])
        judge = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: logs.update(score=next(losses))
        )
        seen: list[float] = []
        see = keras.callbacks.LambdaCallback(
            on_train_batch_begin=lambda batch, logs: seen.append(
                float(network.get_weights()[0][0, 0])
            )
        )
        plateau = ReloadOnPlateau("score", averages=averages if swaps else None)
        swap = [averages] if swaps else []
        network.fit(
            *(np.ones((1, 1)), np.ones((1, 1))),
            epochs=4,
            verbose=0,
            callbacks=[*swap, judge, plateau, see],
        )
        return seen

    assert trained(swaps=True) == trained(swaps=False)
    with pytest.raises(ValueError, match="stands behind a `SwapAverages`.*Pass it that"):
        keras.callbacks.CallbackList(
            [SwapAverages(), ReloadOnPlateau()], model=averaging_network()
        ).on_train_begin()


def averaging_network() -> keras.Model:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
    return network


def test_at_the_lowest_rate_nothing_is_reloaded() -> None:
    callback = ReloadOnPlateau(minimum_learning_rate=0.4)
    network = started(callback)
    assert live(callback, network, [1.0, 2.0, 2.0]) == [0.0, 0.0, 2.0]
    assert learning_rate(network) == pytest.approx(0.4)


def test_the_rate_stands_in_the_logs() -> None:
    callback = ReloadOnPlateau()
    started(callback)
    logs = {"val_loss": 1.0}
    callback.on_epoch_end(0, logs)
    assert logs == {"val_loss": 1.0, "learning_rate": 0.5}


def test_state_is_taken_up_after_a_new_start() -> None:
    callback = ReloadOnPlateau(patience=2)
    network = started(callback)
    live(callback, network, [1.0, 2.0])
    state, arrays = callback.get_state(), callback.best_variables
    assert state == {"best": 1.0, "best_epoch": 0, "wait": 1}
    again = ReloadOnPlateau(patience=2)
    network = started(again)
    again.set_state(state)
    again.best_variables = arrays
    network.set_weights([np.array([[9.0]])])
    again.on_epoch_end(2, {"val_loss": 3.0})
    assert float(network.get_weights()[0][0, 0]) == 0.0


def test_messages() -> None:
    with pytest.raises(ValueError, match="learning rate that is a number.*with a schedule"):
        started(ReloadOnPlateau(), keras.optimizers.schedules.CosineDecay(0.1, 10))
    callback = ReloadOnPlateau("val_bleu", mode="max")
    started(callback)
    with pytest.raises(ValueError, match=r"Received: 'val_bleu', the logs have \['loss'\]"):
        callback.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(ValueError, match="`mode` must be one of 'max', 'min'. Received: 'auto'"):
        ReloadOnPlateau(mode="auto")
    with pytest.raises(ValueError, match=r"`factor` must be a number in \[0, 1\). Received: 1.0"):
        ReloadOnPlateau(factor=1.0)
    with pytest.raises(ValueError, match="`patience` .* at least 1. Received: 0"):
        ReloadOnPlateau(patience=0)


def test_when_it_has_gone_back_it_waits_anew() -> None:
    callback = ReloadOnPlateau(patience=2, factor=0.5)
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(keras.optimizers.SGD(0.5, momentum=0.9), "mse", run_eagerly=True)
    network.optimizer.build(network.trainable_variables)
    callback.set_model(network)
    callback.on_train_begin()
    weights = []
    for epoch, value in enumerate([1.0, 2.0, 2.0, 2.0, 2.0]):
        network.set_weights([np.array([[float(epoch)]])])
        callback.on_epoch_end(epoch, {"val_loss": value})
        weights.append(float(network.get_weights()[0][0, 0]))
    assert weights == [0.0, 1.0, 0.0, 3.0, 0.0]


def test_what_it_keeps_of_arrays_goes_to_another() -> None:
    first, second = ReloadOnPlateau(), ReloadOnPlateau()
    first.best_variables = [np.array([1.0])]
    second.set_arrays(first.get_arrays())
    assert [each.tolist() for each in second.best_variables or []] == [[1.0]]
    second.set_arrays([])
    assert second.best_variables is None
