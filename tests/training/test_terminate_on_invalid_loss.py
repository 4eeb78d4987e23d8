from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.training import InvalidLossError, TerminateOnInvalidLoss


class SaveCounter(keras.callbacks.Callback):
    """Stands for a checkpoint: counts how often it would have written."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.saved += 1


def model(learning_rate: float = 0.1) -> keras.Model:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(keras.optimizers.SGD(learning_rate), "mse", run_eagerly=True)
    network.set_weights([np.array([[1.0]])])
    return network


def test_a_nan_loss_stops_the_run_and_says_where() -> None:
    x = np.ones((6, 1))
    y = np.array([1.0, 1.0, 1.0, 1.0, np.nan, 1.0])
    counter = SaveCounter()
    expected = (
        "The training loss became nan by step 3, after batch 3 of epoch 1. "
        "What was saved before is as it was. Try a lower learning rate.*`global_clipnorm=1.0`"
    )
    with pytest.raises(InvalidLossError, match=expected) as caught:
        model().fit(
            *(x, y),
            batch_size=2,
            shuffle=False,
            verbose=0,
            callbacks=[TerminateOnInvalidLoss(), counter],
        )
    assert (caught.value.step, caught.value.epoch, caught.value.batch) == (3, 1, 3)
    assert counter.saved == 0


def test_the_step_is_that_of_the_updates_in_half_precision() -> None:
    network = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, use_bias=False, dtype="mixed_float16")]
    )
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    network.compile(optimizer, "mse", run_eagerly=True)
    y = np.array([1.0, 1.0, 1.0, 1.0, np.nan, 1.0])
    with pytest.raises(InvalidLossError) as caught:
        network.fit(
            np.ones((6, 1)),
            y,
            batch_size=2,
            shuffle=False,
            verbose=0,
            callbacks=[TerminateOnInvalidLoss()],
        )
    assert (caught.value.step, caught.value.batch) == (3, 3)


def test_the_step_counts_over_epochs() -> None:
    network, guard = model(), TerminateOnInvalidLoss()
    network.fit(np.ones((4, 1)), np.ones(4), batch_size=2, epochs=2, verbose=0, callbacks=[guard])
    guard.on_epoch_begin(2)
    with pytest.raises(InvalidLossError, match="became inf by step 5, after batch 1 of epoch 3"):
        guard.on_train_batch_end(0, {"loss": float("inf")})


def test_weights_ruined_by_the_last_update_do_not_reach_a_checkpoint() -> None:
    counter = SaveCounter()
    x, y = np.full((1, 1), 1e3), np.zeros(1)
    for validation_data in (None, (x, y)):  # which comes before the epoch's end
        with pytest.raises(
            InvalidLossError,
            match=r"weight '.*kernel' became nan by step 1, after batch 1 .* Seen 0",
        ) as caught:
            model(learning_rate=1e38).fit(
                *(x, y),
                validation_data=validation_data,
                verbose=0,
                callbacks=[TerminateOnInvalidLoss(lambda _, batch: f"Seen {batch}."), counter],
            )
        assert caught.value.batch == 1
    assert counter.saved == 0


def test_an_invalid_validation_loss_stops_the_run() -> None:
    x, y = np.ones((2, 1)), np.ones(2)
    with pytest.raises(InvalidLossError, match="validation loss became nan by step 1, at the end"):
        model().fit(
            *(x, y),
            validation_data=(x, y * np.nan),
            verbose=0,
            callbacks=[TerminateOnInvalidLoss()],
        )


def test_good_losses_pass() -> None:
    counter = SaveCounter()
    data = (np.ones((2, 1)), np.ones(2))
    callbacks = [TerminateOnInvalidLoss(), counter]
    model().fit(*data, validation_data=data, epochs=2, verbose=0, callbacks=callbacks)
    assert counter.saved == 2
