from typing import Any

import keras
import numpy as np
import pytest

from kerasseq import evaluation
from kerasseq.training import TranslationMetrics, check_callback_order


def scores(*names: str) -> TranslationMetrics:
    metrics = {name: lambda hypotheses, references: 0.5 for name in names or ("bleu",)}
    return TranslationMetrics(lambda texts: texts, ["a"], ["a"], metrics)


def stopping(mode: str = "max", monitor: str = "val_bleu") -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping(monitor, mode=mode)


def test_scores_first_and_the_right_mode_pass() -> None:
    checkpoint = keras.callbacks.ModelCheckpoint(
        "best.keras", "val_bleu", mode="max", save_best_only=True
    )
    every_epoch = keras.callbacks.ModelCheckpoint("{epoch}.keras", "val_bleu")
    others = keras.callbacks.EarlyStopping("val_loss")
    check_callback_order([others, scores(), stopping(), [checkpoint, every_epoch]])
    check_callback_order([scores("wer"), stopping("min", "val_wer")])
    check_callback_order([])


def test_a_reader_before_the_scores_is_an_error() -> None:
    expected = (
        r"`EarlyStopping` monitors 'val_bleu' and stands before the `TranslationMetrics` that "
        r"provides it.* Received: callbacks=\[EarlyStopping, TranslationMetrics\]. "
        r"Put `TranslationMetrics` before it."
    )
    with pytest.raises(ValueError, match=expected):
        check_callback_order([stopping(), scores()])


@pytest.mark.parametrize("mode", ["auto", "min"])
def test_a_mode_that_is_not_the_scores_is_an_error(mode: str) -> None:
    expected = f"`EarlyStopping` monitors 'val_bleu', of which more is better.*mode='{mode}'"
    with pytest.raises(ValueError, match=expected + ". Pass mode='max'"):
        check_callback_order([scores(), stopping(mode)])


def test_a_metric_that_knows_which_way_is_better_says_so() -> None:
    made = TranslationMetrics(
        lambda texts: texts, ["a"], ["a"], {"word_error_rate": evaluation.WordErrorRate()}
    )
    check_callback_order([made, stopping("min", "val_word_error_rate")])
    with pytest.raises(ValueError, match="of which less is better.* Pass mode='min'"):
        check_callback_order([made, stopping("max", "val_word_error_rate")])


def test_an_error_rate_wants_the_mode_min() -> None:
    with pytest.raises(ValueError, match="'val_wer', of which less is better.* Pass mode='min'"):
        check_callback_order([scores("wer"), stopping("max", "val_wer")])


def test_a_subclass_says_so_too() -> None:
    class Mine(TranslationMetrics):
        def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
            super().on_train_begin(logs)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    own = Mine(lambda texts: texts, ["a"], ["a"], {"bleu": lambda *texts: 0.5})
    with pytest.raises(ValueError, match="stands before the `Mine`"):
        model.fit(np.ones((2, 1)), np.ones(2), verbose=0, callbacks=[stopping(), own])


@pytest.mark.parametrize("nested", [False, True])
def test_a_plain_fit_says_so_before_it_trains(nested: bool) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    callbacks: list[Any] = [stopping(), scores()]
    with pytest.raises(ValueError, match="stands before the `TranslationMetrics`"):
        model.fit(
            np.ones((2, 1)), np.ones(2), verbose=0, callbacks=[callbacks] if nested else callbacks
        )
    assert int(model.optimizer.iterations.numpy()) == 0
