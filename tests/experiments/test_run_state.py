"""Which epochs are the best, when a run stops, and what lies on disk after each epoch."""

import csv
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.experiments import run_state
from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import KeepRun, RunState, SaveState, Selection
from kerasseq.training import SwapAverages

Make = Callable[..., KeepRun]


class Memory:
    """A callback with a number and an array to remember."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.array = np.full((2,), float(number))

    def get_state(self) -> dict[str, int]:
        return {"number": self.number}

    def set_state(self, state: dict[str, int]) -> None:
        self.number = state["number"]

    def get_arrays(self) -> list[np.ndarray]:
        return [self.array]

    def set_arrays(self, arrays: list[np.ndarray]) -> None:
        (self.array,) = arrays


@pytest.fixture
def keep_run(tmp_path: Path) -> Make:
    """Returns a function that makes the callback of a network with a single weight."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.compile(keras.optimizers.SGD(0.5, use_ema=True), loss="mse", run_eagerly=True)
    network.optimizer.build(network.trainable_variables)

    def make(
        monitor: str = "val_bleu",
        mode: str = "max",
        keep: int = 1,
        patience: int | None = None,
        state: RunState | None = None,
        average: str = "best",
        **options: Any,
    ) -> KeepRun:
        state = RunState() if state is None else state
        folder = RunFolder(tmp_path)

        def samples() -> list[str]:
            return [f"en -> {len(state.history)}"]

        selection = Selection(monitor, mode, keep, average, patience)
        made = KeepRun(state, folder, selection, samples, **options)
        made.set_model(network)
        return made

    return make


def end_epoch(run: KeepRun, score: float, memory: Memory | None = None, **logs: float) -> RunState:
    """Ends the next epoch with a score; the weight is then the number of the epoch."""
    epoch = run.state.epoch
    run.model.set_weights([np.full((1, 1), float(epoch + 1))])
    run.on_epoch_end(epoch, {**logs, run.selection.monitor: score})
    save = SaveState(run.state, run.folder, {"memory": memory} if memory else None)
    save.set_model(run.model)
    save.on_epoch_end(epoch)
    return run.state


def test_the_best_epochs_are_kept_best_first_with_their_weights(keep_run: Make) -> None:
    run = keep_run(keep=2)
    ranks = [list(end_epoch(run, score).best_epochs) for score in (10.0, 30.0, 20.0, 25.0, 5.0)]
    assert ranks == [[1], [2, 1], [2, 3], [2, 4], [2, 4]]
    files = sorted(path.name for path in run.checkpoints.folder.glob("weights_*"))
    assert files == ["weights_0002.npz", "weights_0004.npz"]
    for epoch in (2, 4):
        assert run.checkpoints.load_weights(epoch)[0].tolist() == [[float(epoch)]]


def test_a_loss_is_the_better_the_lower(keep_run: Make) -> None:
    run = keep_run("val_loss", "min")
    ranks = [list(end_epoch(run, score).best_epochs) for score in (3.0, 1.0, 2.0)]
    assert ranks == [[1], [2], [2]]


def test_scores_of_another_measure_are_not_compared(keep_run: Make) -> None:
    run = keep_run("val_loss", "min", keep=2)
    for score in (1.0, 2.0):
        end_epoch(run, score)
    run.state.ranked_from = 2  # then the label smoothing changed, say
    ranks = [list(end_epoch(run, score).best_epochs) for score in (9.0, 8.0)]
    assert ranks == [[3], [4, 3]]


@pytest.mark.parametrize("mode", ["max", "min"])
def test_an_equal_score_later_does_not_displace_an_earlier_one(keep_run: Make, mode: str) -> None:
    run = keep_run(mode=mode)
    end_epoch(run, 30.0)
    state = end_epoch(run, 30.0)
    assert (state.best_epochs, state.waited) == ([1], 1)
    both = keep_run(mode=mode, keep=2, state=RunState())
    end_epoch(both, 30.0)
    assert end_epoch(both, 30.0).best_epochs == [1, 2]


@pytest.mark.parametrize("mode", ["max", "min"])
def test_a_score_that_is_no_number_is_worse_than_any(keep_run: Make, mode: str) -> None:
    run = keep_run(mode=mode)
    ranks = [list(end_epoch(run, score).best_epochs) for score in (math.nan, 1.0, math.nan)]
    assert ranks == [[1], [2], [2]]


def test_it_stops_after_patience_without_a_better_best(
    keep_run: Make, caplog: pytest.LogCaptureFixture
) -> None:
    run = keep_run(keep=3, patience=2)
    run.model.stop_training = False
    waited = []
    with caplog.at_level(logging.INFO, run_state.logger.name):
        for score in (10.0, 9.0, 11.0, 10.5):  # the third is better, the fourth is among the best
            waited.append(end_epoch(run, score).waited)
        assert not run.model.stop_training
        assert caplog.messages == []
        waited.append(end_epoch(run, 0.0).waited)
    assert waited == [0, 1, 0, 1, 2]
    assert run.state.stopped
    assert run.model.stop_training
    assert caplog.messages == ["No better val_bleu for 2 evaluations: stopping."]


def test_without_patience_it_never_stops(keep_run: Make) -> None:
    run = keep_run()
    run.model.stop_training = False
    for score in (10.0, *[1.0] * 9):
        end_epoch(run, score)
    assert (run.state.waited, run.state.stopped) == (9, False)
    assert not run.model.stop_training


def test_a_run_that_goes_on_ranks_with_what_came_before(keep_run: Make) -> None:
    first = keep_run(keep=2)
    for score in (10.0, 30.0):
        end_epoch(first, score)
    restored = first.checkpoints.restore_state(first.model)
    assert restored is not None
    second = keep_run(keep=2, state=RunState(**restored))
    assert end_epoch(second, 20.0).best_epochs == [2, 3]
    assert [row["epoch"] for row in second.state.history] == [1, 2, 3]


def test_each_epoch_writes_history_samples_and_state(keep_run: Make, tmp_path: Path) -> None:
    run = keep_run()
    end_epoch(run, 10.0, loss=2.0)
    state = end_epoch(run, 12.5, loss=1.0)
    folder = RunFolder(tmp_path)
    with open(folder.history, encoding="utf8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["epoch", "loss", "val_bleu", "learning_rate"],
        ["1", "2.0", "10.0", "0.5"],
        ["2", "1.0", "12.5", "0.5"],
    ]
    samples = "# epoch 1\nen -> 1\n\n# epoch 2\nen -> 2\n"
    assert folder.samples.read_text(encoding="utf8") == samples
    assert Checkpoints(folder.checkpoints).restore_state(run.model) == state.to_dict()


def test_time_adds_up_over_the_epochs(
    keep_run: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        wall = cpu = 0.0

        def perf_counter(self) -> float:
            return self.wall

        def process_time(self) -> float:
            return self.cpu

    clock = Clock()
    monkeypatch.setattr(run_state, "time", clock)
    state = RunState(wall_seconds=100.0, cpu_seconds=50.0, epoch_seconds=[100.0])
    save = SaveState(state, RunFolder(tmp_path))
    save.set_model(keep_run().model)
    for clock.wall, clock.cpu in ((10.0, 15.0), (30.0, 40.0)):
        save.on_epoch_end(1)
    assert (state.wall_seconds, state.cpu_seconds) == (130.0, 90.0)
    assert state.epoch_seconds == [100.0, 10.0, 20.0]


def test_the_last_epochs_are_kept_beside_the_best(keep_run: Make) -> None:
    run = keep_run(keep=2, average="last", patience=2)
    averaged = [list(end_epoch(run, score).averaged_epochs) for score in (10.0, 30.0, 20.0, 25.0)]
    assert averaged == [[1], [1, 2], [2, 3], [3, 4]]
    assert (run.state.best_epochs, run.state.stopped) == ([2], True)
    files = sorted(path.name for path in run.checkpoints.folder.glob("weights_*"))
    assert files == ["weights_0002.npz", "weights_0003.npz", "weights_0004.npz"]


def test_an_epoch_without_scores_is_never_among_the_best_and_costs_no_patience(
    keep_run: Make,
) -> None:
    run = keep_run(keep=3, patience=2, is_evaluated=lambda epoch: epoch % 2 == 1)
    states = [(end_epoch(run, 10.0, loss=1.0).waited, run.state.stopped) for _ in range(4)]
    assert states == [(0, False), (0, False), (1, False), (1, False)]
    assert run.state.best_epochs == [1, 3]
    assert ["val_bleu" in row for row in run.state.history] == [True, False, True, False]
    assert run.state.samples == ["# epoch 1", "en -> 1", "", "# epoch 3", "en -> 3", ""]


def test_what_other_callbacks_know_comes_back(keep_run: Make, tmp_path: Path) -> None:
    run = keep_run()
    state = end_epoch(run, 1.0, Memory(7))
    progress = run.checkpoints.restore_state(run.model)
    assert progress == state.to_dict()
    fresh = Memory()
    save = SaveState(RunState(**(progress or {})), RunFolder(tmp_path), {"memory": fresh})
    save.on_train_begin()
    assert (fresh.number, fresh.array.tolist()) == (7, [7.0, 7.0])
    new = Memory(3)
    SaveState(RunState(), RunFolder(tmp_path), {"memory": new}).on_train_begin()
    assert new.number == 3


def test_moving_averages_are_kept_and_the_training_goes_on_without(
    keep_run: Make, tmp_path: Path
) -> None:
    averages = SwapAverages()
    run = keep_run(averages=averages)
    averages.set_model(run.model)
    run.model.set_weights([np.full((1, 1), 1.0)])
    run.model.train_on_batch(np.ones((1, 1)), np.full((1, 1), 2.0))  # 1 -> 2: gradient -2
    run.model.train_on_batch(np.ones((1, 1)), np.full((1, 1), 3.0))  # 2 -> 3
    averages.on_epoch_end(0)
    run.on_epoch_end(0, {"val_bleu": 1.0})
    (kept,) = run.checkpoints.load_weights(1)
    np.testing.assert_allclose(kept, [[0.99 * 2 + 0.01 * 3]], rtol=1e-6)
    assert run.model.get_weights()[0].tolist() == [[3.0]]


def test_a_score_that_nobody_logs_is_named_with_those_there_are(keep_run: Make) -> None:
    run = keep_run("val_blue")
    message = r"`training.monitor` must be one of loss, val_bleu\. Received: 'val_blue'\.$"
    with pytest.raises(ValueError, match=message):
        run.on_epoch_end(0, {"val_bleu": 1.0, "loss": 2.0})


def test_target_tokens_add_up_over_the_epochs(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    selection, state = Selection("val_loss", "min"), RunState(target_tokens=50)
    keep = KeepRun(state, RunFolder(tmp_path), selection, list, target_tokens=100)
    keep.set_model(model)
    for epoch in (0, 1):
        keep.on_epoch_end(epoch, {"val_loss": 1.0})
    assert state.target_tokens == 250
