"""What watches over a run."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq import data, evaluation, training
from kerasseq.data import Pairs, TokenBatches
from kerasseq.evaluation import METRICS
from kerasseq.experiments import ExperimentConfig, RunData, RunState, TrainingConfig
from kerasseq.experiments.run_callbacks import (
    Steps,
    describe_batch,
    evaluated_epochs,
    make_callbacks,
)
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import KeepRun
from kerasseq.text import TextCodec

TEXTS = [f"{number:03} a b c d" for number in range(7)]
PAIRS = Pairs(TEXTS, TEXTS)
GOOD = dict(zip(PAIRS.sources, PAIRS.targets, strict=True))


class Drafter:
    """Translates rightly, or all to one word, as it is told to."""

    def __init__(self) -> None:
        self.is_good = True

    def __call__(self, texts: list[str]) -> list[Any]:
        class Translation:
            def __init__(self, text: str) -> None:
                self.text = text

        return [Translation(GOOD[text] if self.is_good else "x") for text in texts]


@pytest.fixture(scope="module")
def batches() -> TokenBatches:
    codec = TextCodec.train(PAIRS.sources, tokenizer="character")
    return data.training_batches(PAIRS, codec, codec, batch_size=2)


@pytest.fixture
def make(batches: TokenBatches, tmp_path: Path) -> Callable[..., list[Any]]:
    """Returns a function that makes the callbacks of a network with a single weight."""

    def callbacks(drafter: Any = None, metrics: Any = None, **options: Any) -> list[Any]:
        drafter = drafter or Drafter()
        network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        network.compile("sgd", "mse", run_eagerly=True)
        network.optimizer.build(network.trainable_variables)
        config = ExperimentConfig(
            training=TrainingConfig(**options), metrics=metrics or ["bleu", "exact_match"]
        )
        made = make_callbacks(
            config,
            RunFolder(tmp_path),
            RunData(PAIRS, PAIRS, None),
            drafter,
            Steps(batches, len(batches), 10, evaluated_epochs(config.training.epochs, 1)),
            RunState(),
            show_progress=False,
        )
        for callback in made:
            callback.set_model(network)
        return made

    return callbacks


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("first_is_good", [True, False])
def test_the_best_epoch_is_the_one_that_translates_best_by_every_metric(
    make: Callable[..., list[Any]], metric: str, first_is_good: bool
) -> None:
    drafter = Drafter()
    callbacks = make(drafter, [metric], monitor=f"val_{metric}", patience=1)
    model = callbacks[0].model
    model.stop_training = False
    for epoch, is_good in enumerate((first_is_good, not first_is_good)):
        drafter.is_good = is_good
        logs = {"loss": 1.0}
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.TensorBoard):
                callback.on_epoch_end(epoch, logs)
    (keep,) = [callback for callback in callbacks if isinstance(callback, KeepRun)]
    assert keep.state.best_epochs == [1 if first_is_good else 2]
    assert model.stop_training == first_is_good


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [("val_loss", "min"), ("val_perplexity", "min"), ("val_accuracy", "max"), ("val_bleu", "max")],
)
def test_losses_are_the_better_the_lower(
    make: Callable[..., list[Any]], monitor: str, mode: str
) -> None:
    (keep,) = [each for each in make(monitor=monitor) if isinstance(each, KeepRun)]
    assert keep.selection.mode == mode


def test_a_metric_that_is_not_computed_is_named(make: Callable[..., list[Any]]) -> None:
    message = (
        "must be one of val_loss, val_perplexity, val_accuracy, val_bleu, val_exact_match. "
        "Received: 'val_chrf'. Add chrf to `metrics`."
    )
    with pytest.raises(ValueError, match=message):
        make(monitor="val_chrf")


def test_they_stand_in_an_order_that_works(make: Callable[..., list[Any]]) -> None:
    options = {"schedule": "plateau", "ema_momentum": 0.9, "plateau_patience": 3}
    made = [each for each in make(**options) if not isinstance(each, keras.callbacks.TensorBoard)]
    names = [type(each).__name__ for each in made]
    assert names == [
        *("TerminateOnInvalidLoss", "SwapAverages", "TranslationMetrics", "TrainingProgress"),
        *("KeepRun", "ReloadOnPlateau", "SaveState"),
    ]
    training.check_callback_order(made)
    assert made[-2].patience == 3
    assert set(made[-1].callbacks) == {"scores", "plateau"}


@pytest.mark.parametrize("installed", [True, False])
def test_tensorboard_is_written_if_it_is_installed(
    make: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch, installed: bool, tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: installed if name == "tensorboard" else find(name, *rest),
    )
    if not installed:
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == "tensorboard" else find(name)
        )
    boards = [each for each in make() if isinstance(each, keras.callbacks.TensorBoard)]
    assert [each.log_dir for each in boards] == [str(tmp_path / "tensorboard")] * installed


@pytest.mark.parametrize(
    ("epochs", "every", "expected"),
    [(4, 1, [1, 2, 3, 4]), (7, 3, [1, 3, 6, 7]), (2, 5, [1, 2]), (1, 1, [1])],
)
def test_the_first_each_nth_and_the_last_epoch_are_evaluated(
    epochs: int, every: int, expected: list[int]
) -> None:
    assert evaluated_epochs(epochs, every) == expected


def test_a_batch_is_shown_and_written_with_the_one_before(
    batches: TokenBatches, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    short = Steps(batches, 3, 1, [1])  # of four batches an epoch
    shown = describe_batch(folder, PAIRS, short)(1, 1)  # the fifth batch: the next pass, its first
    rows = batches.plan(1)[0]
    first = PAIRS.sources[int(rows[0])]
    assert shown.startswith(f"Batch 5 begins with: '{first}' -> '{first}'")
    assert f"is in {folder.invalid_batch}. With `accept_changes` the run goes on" in shown
    lines = folder.invalid_batch.read_text(encoding="utf8").splitlines()
    expected = [
        f"{step}\t{PAIRS.sources[int(row)]}\t{PAIRS.targets[int(row)]}"
        for step, plan in ((4, batches.plan(0)[3]), (5, rows))
        for row in plan
    ]
    assert lines == expected


def test_target_tokens_of_a_short_epoch_are_its_share(batches: TokenBatches) -> None:
    assert Steps(batches, len(batches), 1, []).target_tokens == batches.target_tokens == 7 * 12
    assert Steps(batches, 1, 1, []).target_tokens == 21


def test_a_loss_that_is_no_number_shows_its_batch(make: Callable[..., list[Any]]) -> None:
    guard = make()[0]
    guard.on_epoch_begin(0)
    with pytest.raises(training.InvalidLossError, match="batch 3 of epoch 1.*Batch 3 begins with"):
        guard.on_train_batch_end(2, {"loss": np.nan})


def test_every_metric_knows_its_direction() -> None:
    for name, metric in evaluation.get_metrics(list(METRICS)).items():
        right, wrong = metric(["a b c d e"], ["a b c d e"]), metric(["x"], ["a b c d e"])
        assert (right > wrong) == metric.higher_is_better, name
