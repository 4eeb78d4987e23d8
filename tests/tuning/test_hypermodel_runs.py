"""What the hypermodel asks of a run, and what it reads of one: nothing is trained here."""

import dataclasses
import gc
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq import experiments, tuning
from kerasseq.experiments import ExperimentConfig, FineTuningConfig, Run, RunState
from kerasseq.experiments.checkpoints import STATE
from kerasseq.tuning import Choice, SearchSpace, SequenceToSequenceHyperModel
from kerasseq.tuning.trained_trial import TrainedTrial
from kerasseq.tuning.tuning_run import _build_oracle

NOTHING = TrainedTrial({"val_loss": 1.0}, 1, 1, 1)


def translator_of(weight: float) -> Any:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.set_weights([np.array([[weight]])])
    return SimpleNamespace(network=network)


@pytest.fixture
def hypermodel(
    config: ExperimentConfig, space: SearchSpace, tmp_path: Path
) -> SequenceToSequenceHyperModel:
    return SequenceToSequenceHyperModel(config, space, folder=tmp_path / "hypermodel")


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], dict[str, Any]]:
    """Lets a run give a translator at once; returns the options that it was called with."""

    def replace(translator: Any) -> dict[str, Any]:
        given: dict[str, Any] = {}

        def run(config: ExperimentConfig, output: Path, **options: Any) -> Run:
            given.update(options)
            return Run(str(output), translator, {})

        monkeypatch.setattr(experiments, "train", run)
        monkeypatch.setattr(TrainedTrial, "of", lambda run, metrics: NOTHING)
        return given

    return replace


def test_a_run_is_given_the_pairs_the_callbacks_and_who_watches(
    hypermodel: SequenceToSequenceHyperModel, config: ExperimentConfig, train: Any, tmp_path: Path
) -> None:
    given = train(translator := translator_of(1.0))
    callback, watch = keras.callbacks.Callback(), lambda state: True
    hypermodel.train(config, tmp_path, translator, callbacks=[callback], watch=watch)
    assert given["pairs"] is hypermodel.pairs
    assert (given["callbacks"], given["watch"]) == ([callback], watch)
    assert given["translator"] is translator


def test_a_network_has_its_best_weights_though_its_run_was_finished_before(
    hypermodel: SequenceToSequenceHyperModel, config: ExperimentConfig, train: Any, tmp_path: Path
) -> None:
    """The run gives the translator that it has saved."""
    train(translator_of(5.0))
    hypermodel.train(config, tmp_path, untrained := translator_of(1.0))
    assert untrained.network.get_weights()[0].tolist() == [[5.0]]


def test_what_another_trial_has_done_is_taken_over_once(
    hypermodel: SequenceToSequenceHyperModel, config: ExperimentConfig, train: Any, tmp_path: Path
) -> None:
    train(translator := translator_of(1.0))
    before, output = tmp_path / "before", tmp_path / "after"
    (before / "checkpoints").mkdir(parents=True)
    progress = np.array(json.dumps(RunState(epoch=1).to_dict()))
    np.savez(before / "checkpoints" / STATE, progress=progress)
    (before / "history.csv").write_text("epoch\n1\n")
    for _ in range(2):  # the second time the trial goes on after its process was killed
        hypermodel.train(config, output, translator, go_on_from=before)
        history = (output / "history.csv").read_text()
        (output / "history.csv").write_text("epoch\n1\n2\n")
    assert history == "epoch\n1\n2\n"


def test_a_fine_tuning_has_the_codecs_of_its_file(
    hypermodel: SequenceToSequenceHyperModel,
    config: ExperimentConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(experiments, "build_translator", lambda config, pairs, codecs: codecs)
    own = hypermodel.build_translator(config)
    assert own is not None
    assert own == hypermodel.build_translator(config)  # trained once
    tuned = dataclasses.replace(config, fine_tuning=FineTuningConfig(model="a.keras"))
    assert hypermodel.build_translator(tuned) is None


def test_a_temporary_folder_goes_with_its_owner(
    config: ExperimentConfig, space: SearchSpace
) -> None:
    hypermodel = SequenceToSequenceHyperModel(config, space)
    folder = hypermodel.folder
    assert folder.is_dir()
    del hypermodel
    gc.collect()
    assert not folder.exists()


def test_the_loss_of_a_trial_is_that_of_its_best_epoch(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss,val_loss\n1,3.0,9\n2,2.0,7\n3,1.0,8\n")
    scores = {"valid_loss": 7.0, "valid_perplexity": 2.5, "valid_accuracy": 0.5, "bleu": 30.0}
    report = {**scores, "best_epochs": [2], "epochs": 3, "parameters": 9, "target_tokens": 70}
    trial = TrainedTrial.of(Run(str(tmp_path), translator_of(1.0), report), ["bleu"])
    assert trial.metrics == {
        "loss": 2.0,
        **{"val_loss": 7.0, "val_perplexity": 2.5, "val_accuracy": 0.5, "val_bleu": 30.0},
    }
    assert trial[1:] == (3, 9, 70)


def test_hyperband_knows_the_epochs_that_the_space_has_fixed(
    config: ExperimentConfig, space: SearchSpace, tmp_path: Path
) -> None:
    fixed = SequenceToSequenceHyperModel(config, space.fix("training.epochs", 7), folder=tmp_path)
    oracle: Any = _build_oracle(fixed, "hyperband", 0, {})
    assert oracle.max_epochs == 7
    often = space.add("training.evaluate_every", Choice((1, 2)))
    searched = SequenceToSequenceHyperModel(config, often, folder=tmp_path)
    with pytest.raises(ValueError, match="needs `training.evaluate_every` of 1.* Received: Choice"):
        _build_oracle(searched, "hyperband", 0, {})


@pytest.mark.usefixtures("trainer")
def test_a_search_is_another_if_anything_that_decides_its_trials_is(
    config: ExperimentConfig, space: SearchSpace, tmp_path: Path
) -> None:
    def search(**options: Any) -> tuning.TuningResult:
        chosen = {"config": config, "space": space, "seed": 0, **options}
        return tuning.tune(output=tmp_path, budget=tuning.Budget(max_trials=1), **chosen)

    search()
    changed = dataclasses.replace(config, training=dataclasses.replace(config.training, epochs=9))
    others: list[tuple[str, dict[str, Any]]] = [
        ("seed", {"seed": None}),  # the configuration's, which is 1
        ("config", {"config": changed}),
        ("space", {"space": space.remove("model.cell")}),
        ("algorithm", {"options": {"max_retries_per_trial": 1}}),
    ]
    for differs, options in others:
        with pytest.raises(ValueError, match=f"holds a search with another {differs}. Name"):
            search(**options)
    search()
