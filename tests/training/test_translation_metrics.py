import logging
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.training import TranslationMetrics

SOURCES = ["a", "b", "c", "d"]
REFERENCES = [["A"], ["B", "b"], ["X"], ["D"]]


def exact_match(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    right = [ours in theirs for ours, theirs in zip(hypotheses, references, strict=True)]
    return sum(right) / len(right)


def upper(texts: list[str]) -> list[str]:
    return [text.upper() for text in texts]


def callback(**options: Any) -> TranslationMetrics:
    return TranslationMetrics(upper, SOURCES, REFERENCES, {"exact_match": exact_match}, **options)


class Countdown:
    """A metric that counts its calls: 10, 20, 30 ..."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, hypotheses: Sequence[str], references: Sequence[Any]) -> float:
        self.calls += 1
        return 10.0 * self.calls


def fit(callbacks: list[Any], epochs: int) -> keras.callbacks.History:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    return model.fit(np.ones((2, 1)), np.ones(2), epochs=epochs, verbose=0, callbacks=callbacks)


def test_scores_of_what_was_translated_stand_in_the_logs() -> None:
    logs = {"loss": 1.0}
    scored = callback()
    scored.on_epoch_end(0, logs)
    assert logs == {"loss": 1.0, "val_exact_match": 3 / 4}
    assert scored.hypotheses == ["A", "B", "C", "D"]
    assert scored.log_names == ("val_exact_match",)


def test_history_early_stopping_and_checkpoint_see_the_scores(tmp_path: Any) -> None:
    values = iter([10.0, 30.0, 20.0, 40.0])
    scored = TranslationMetrics(upper, SOURCES, REFERENCES, {"bleu": lambda *_: next(values)})
    history = fit(
        [
            scored,
            keras.callbacks.EarlyStopping("val_bleu", mode="max", patience=1),
            keras.callbacks.ModelCheckpoint(
                tmp_path / "{epoch}.weights.h5",
                "val_bleu",
                mode="max",
                save_best_only=True,
                save_weights_only=True,
            ),
        ],
        epochs=9,
    )
    assert history.history["val_bleu"] == [10.0, 30.0, 20.0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.weights.h5", "2.weights.h5"]


def test_epochs_between_evaluations_repeat_the_last_scores() -> None:
    counted = Countdown()
    scored = TranslationMetrics(upper, SOURCES, REFERENCES, {"bleu": counted}, every=3)
    history = fit([scored], epochs=7)
    # Evaluated: the first epoch, each third and the last.
    assert history.history["val_bleu"] == [10.0, 10.0, 20.0, 20.0, 20.0, 30.0, 40.0]


def test_a_second_fit_starts_anew_and_a_resumed_one_takes_up_the_scores() -> None:
    scored = TranslationMetrics(upper, SOURCES, REFERENCES, {"bleu": Countdown()}, every=4)
    fit([scored], epochs=1)
    state = scored.get_state()
    assert state == {"scores": {"val_bleu": 10.0}}
    scored.on_train_begin()
    logs: dict[str, float] = {}
    scored.on_epoch_end(1, logs)
    assert logs == {"val_bleu": 20.0}
    scored.on_train_begin()
    scored.set_state(state)
    scored.on_epoch_end(1, logs)
    assert logs == {"val_bleu": 10.0}


def test_moving_averages_are_scored_when_keras_swaps_them_in_first() -> None:
    seen: list[float] = []
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    optimizer = keras.optimizers.SGD(0.25, use_ema=True, ema_momentum=0.5)
    model.compile(optimizer, "mse", run_eagerly=True)
    model.set_weights([np.array([[0.0]])])

    def translate(texts: list[str]) -> list[str]:
        seen.append(float(model.get_weights()[0][0, 0]))
        return texts

    scored = TranslationMetrics(translate, ["a"], ["a"], {"exact_match": exact_match})
    data = (np.array([[1.0]]), np.array([[1.0]]))
    model.fit(
        *data,
        epochs=3,
        verbose=0,
        callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True), scored],
    )
    # Weights 1/2, 3/4, 7/8; each average is half of the last average and half of the weight.
    assert seen == pytest.approx([1 / 2, 5 / 8, 3 / 4])


def test_samples_from_all_over_the_list_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="kerasseq.training.translation_metrics"):
        callback(num_samples=2).on_epoch_end(4, {})
    first, *samples = caplog.messages
    assert first.startswith("epoch 5: val_exact_match 0.75 (4 sentences in ")
    assert samples == ["  a => A (right: A)", "  c => C (right: X)"]


def test_which_way_is_better_is_known() -> None:
    metrics = {"wer": exact_match, "bleu": exact_match, "edits": exact_match}
    scored = TranslationMetrics(upper, SOURCES, REFERENCES, metrics, prefix="dev_")
    assert scored.log_modes == {"dev_wer": "min", "dev_bleu": "max", "dev_edits": "max"}
    scored = TranslationMetrics(upper, SOURCES, REFERENCES, metrics, lower_is_better=["edits"])
    assert scored.log_modes == {"val_wer": "max", "val_bleu": "max", "val_edits": "min"}


def test_messages() -> None:
    with pytest.raises(ValueError, match="Received: 0 sources, 0 references"):
        TranslationMetrics(upper, [], [], {})
    with pytest.raises(ValueError, match="Received: 2 sources, 1 references"):
        TranslationMetrics(upper, ["a", "b"], ["a"], {})
    with pytest.raises(ValueError, match="`every` .* at least 1. Received: 0"):
        callback(every=0)
    short = TranslationMetrics(lambda texts: texts[1:], SOURCES, REFERENCES, {})
    with pytest.raises(ValueError, match="one string for each .* 4 sources, 3 translations"):
        short.on_epoch_end(0, {})
