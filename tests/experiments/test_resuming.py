from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.experiments import ExperimentConfig, RunState, TrainingConfig
from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.resuming import restore_run, save_progress
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import SaveState


def network(optimizer: Any = "adam") -> keras.Model:
    made = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    made.compile(optimizer, "mse", run_eagerly=True)
    made.optimizer.build(made.trainable_variables)
    return made


def test_a_state_of_another_optimiser_changes_nothing(tmp_path: Path) -> None:
    saved, other = network(), network("sgd")
    saved.set_weights([np.full((1, 1), 7.0)])
    Checkpoints(tmp_path).save_state(saved, {"epoch": 1})
    before = other.get_weights()[0].tolist()
    with pytest.raises(ValueError, match="variables of the optimizer"):
        Checkpoints(tmp_path).restore_state(other)
    assert other.get_weights()[0].tolist() == before


def test_a_kill_between_two_states_leaves_the_weights_that_the_first_one_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = RunFolder(tmp_path), network()
    checkpoints = Checkpoints(folder.checkpoints)
    state = RunState(epoch=1, best_epochs=[1])
    save = SaveState(state, folder)
    save.set_model(model)
    checkpoints.save_weights(model, 1)
    save.on_epoch_end(0)

    def kill(*arguments: Any) -> None:
        raise KeyboardInterrupt

    checkpoints.save_weights(model, 2)
    state.epoch, state.best_epochs = 2, [2]
    monkeypatch.setattr(Checkpoints, "save_state", kill)
    with pytest.raises(KeyboardInterrupt):
        save.on_epoch_end(1)
    progress = checkpoints.restore_state(model) or {}
    assert progress["best_epochs"] == [1]
    checkpoints.load_weights(1)


def restored(tmp_path: Path, now: dict[str, Any], **state: Any) -> tuple[RunState, Any]:
    """A run of three epochs whose configuration was changed so."""
    folder, model = RunFolder(tmp_path), network(keras.optimizers.SGD(0.5))
    known = {"plateau": {"best": 1.0, "best_epoch": 1, "wait": 1}, "scores": {"scores": {}}}
    before = RunState(epoch=3, best_epochs=[2], waited=1, callbacks=known, **state)
    Checkpoints(folder.checkpoints).save_state(model, before.to_dict())
    training = TrainingConfig(epochs=5, schedule="plateau", learning_rate=0.25)
    return restore_run(folder, model, ExperimentConfig(training=training), now), model


@pytest.mark.parametrize("field", ["label_smoothing", "valid_sentences"])
def test_scores_before_another_measure_do_not_count(tmp_path: Path, field: str) -> None:
    state, model = restored(tmp_path, {f"training.{field}": [0.1, 0.2]})
    assert (state.ranked_from, state.waited, state.best_epochs) == (3, 0, [2])
    assert set(state.callbacks) == {"scores"}
    assert float(model.optimizer.learning_rate) == 0.5


def test_other_changes_leave_the_scores_as_they_are(tmp_path: Path) -> None:
    changes = {"training.learning_rate": [0.5, 0.25]}
    state, model = restored(tmp_path, changes, stopped=True)
    assert (state.ranked_from, state.waited, state.stopped) == (0, 1, False)
    assert set(state.callbacks) == {"plateau", "scores"}
    assert float(model.optimizer.learning_rate) == 0.25
    assert state.changes == [{"epoch": 3, **changes}]


def test_a_change_that_was_written_down_is_not_written_again(tmp_path: Path) -> None:
    change = {"epoch": 3, "training.learning_rate": [0.5, 0.25]}
    state, _ = restored(tmp_path, {"training.learning_rate": [0.5, 0.25]}, changes=[change])
    assert state.changes == [change]


def test_progress_is_replaced_and_what_callbacks_keep_stays(tmp_path: Path) -> None:
    folder, model = RunFolder(tmp_path), network()
    checkpoints = Checkpoints(folder.checkpoints)
    state = RunState(epoch=1, callbacks={"plateau": {}})
    checkpoints.save_state(model, state.to_dict(), {"plateau": [np.arange(3.0)]})
    state.stopped = True
    save_progress(folder, model, state)
    assert (checkpoints.restore_state(model) or {})["stopped"]
    (kept,) = checkpoints.load_arrays("plateau")
    assert kept.tolist() == [0, 1, 2]
