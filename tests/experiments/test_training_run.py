import csv
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kerasseq
from kerasseq.experiments import (
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    Run,
    RunState,
    SearchConfig,
    TextConfig,
    TrainingConfig,
    build_translator,
    read_data,
    train,
)
from kerasseq.experiments.folder_lock import FolderLock
from kerasseq.models.catalogue import DEFAULTS

Make = Callable[..., ExperimentConfig]


@pytest.fixture(scope="module")
def valid(date_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's own file of held-out pairs, which a test may change for a while."""
    return Path(shutil.copy(date_files["valid"], tmp_path_factory.mktemp("valid")))


@pytest.fixture(scope="module")
def run_config(tiny_config: Make, valid: Path) -> ExperimentConfig:
    config = tiny_config()
    return dataclasses.replace(config, data=dataclasses.replace(config.data, valid=str(valid)))


@pytest.fixture(scope="module")
def run(run_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(run_config, tmp_path_factory.mktemp("run") / "dates")


def test_a_run_folder_holds_what_another_person_needs(run: Run) -> None:
    names = {path.name for path in Path(run.folder).iterdir()} - {"tensorboard"}
    assert names == {
        *("config.yaml", "environment.json", "history.csv", "samples.txt"),
        *("model.keras", "report.json", "checkpoints"),
    }


def test_the_report_says_how_good_and_how_dear(run: Run) -> None:
    report = json.loads((Path(run.folder) / "report.json").read_text(encoding="utf8"))
    assert report == run.report
    keys = "bleu chrf exact_match signature test_loss epochs wall_seconds cpu_seconds parameters"
    assert set(keys.split()) <= set(report)
    assert report["signature"]["bleu"].startswith("nrefs:1|case:mixed")
    assert report["split"] == "test"
    assert report["sentences"] == 12
    assert report["versions"]["kerasseq"] == kerasseq.__version__


def test_the_history_has_a_line_an_epoch_and_the_loss_falls(run: Run) -> None:
    with open(Path(run.folder) / "history.csv", encoding="utf8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    assert {"val_bleu", "val_chrf", "val_exact_match", "val_loss"} <= set(rows[0])


def test_the_model_file_is_the_translator_of_the_run(run: Run) -> None:
    loaded = kerasseq.Translator.load(Path(run.folder) / "model.keras")
    texts = ["3 May 1999", "", "12/24/2001"]
    ours, theirs = run.translator(texts), loaded(texts)
    assert [each.text for each in ours] == [each.text for each in theirs]
    np.testing.assert_allclose([e.score for e in ours], [e.score for e in theirs], atol=1e-5)
    assert loaded.metadata["report"]["bleu"] == run.report["bleu"]


def test_the_configuration_reads_back_as_it_was(run: Run, run_config: ExperimentConfig) -> None:
    assert ExperimentConfig.read(Path(run.folder) / "config.yaml") == run_config


def test_a_finished_run_is_read_and_not_trained_again(
    run: Run, run_config: ExperimentConfig
) -> None:
    before = (Path(run.folder) / "model.keras").stat().st_mtime_ns
    again = train(run_config, run.folder)
    assert again.report == run.report
    assert (Path(run.folder) / "model.keras").stat().st_mtime_ns == before


def test_a_folder_in_which_another_process_trains_is_refused(
    run_config: ExperimentConfig, interrupted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(interrupted, folder)
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with FolderLock(folder).held(), pytest.raises(ValueError, match="is in use by process"):
        train(run_config, folder)
    after = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def test_a_run_that_ended_meanwhile_in_another_process_is_not_lost(
    run_config: ExperimentConfig, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    hold = FolderLock.hold

    def hold_late(lock: FolderLock) -> None:
        shutil.copytree(run.folder, folder)  # as if another process had run whole
        hold(lock)

    monkeypatch.setattr(FolderLock, "hold", hold_late)
    with pytest.raises(ValueError, match="Another process worked in .*run meanwhile"):
        train(dataclasses.replace(run_config, seed=9), folder)
    assert (folder / "report.json").read_bytes() == (Path(run.folder) / "report.json").read_bytes()
    assert ExperimentConfig.read(folder / "config.yaml") == run_config


def test_a_folder_of_another_run_is_refused(run: Run, tiny_config: Make) -> None:
    with pytest.raises(ValueError, match="holds a run with another configuration"):
        train(tiny_config(epochs=3), run.folder)


def test_files_that_changed_are_an_error_before_anything_else_changes(
    run: Run, run_config: ExperimentConfig, valid: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    state = folder / "checkpoints" / "state.npz"
    before, pairs = state.read_bytes(), valid.read_bytes()
    training = dataclasses.replace(run_config.training, epochs=3, clip_norm=0.5)
    changed = dataclasses.replace(run_config, training=training)
    valid.write_text("4 May 1999\t1999-05-04\n", encoding="utf8")
    try:
        with pytest.raises(ValueError, match=r"others when it began: data\.valid"):
            train(run_config, folder)  # also of a run that is finished
        with pytest.raises(ValueError, match=r"others when it began: data\.valid"):
            train(changed, folder, accept_changes=True)
        assert state.read_bytes() == before
        (folder / "report.json").unlink()  # as if killed before its evaluation
        with pytest.raises(ValueError, match=r"others when it began: data\.valid"):
            train(run_config, folder)
    finally:
        valid.write_bytes(pairs)


def test_a_run_that_was_told_to_end_has_ended_when_it_is_killed_later(
    tiny_config: Make, tmp_path: Path
) -> None:
    asked: list[int] = []

    def watch(state: RunState) -> bool:
        asked.append(state.epoch)
        return len(asked) == 1  # a later answer is another one

    assert train(tiny_config(epochs=3), tmp_path, watch=watch).report["epochs"] == 1
    before = sorted((tmp_path / "checkpoints").iterdir())
    # As if killed in the evaluation: what it had half written, or not yet cleared away, goes.
    (tmp_path / "report.json").unlink()
    (tmp_path / ".model.partial-abc.keras").touch()
    (tmp_path / "checkpoints" / "weights_0007.npz").touch()
    assert train(tiny_config(epochs=3), tmp_path, watch=watch).report["epochs"] == 1
    assert asked == [1]
    assert sorted((tmp_path / "checkpoints").iterdir()) == before
    assert not list(tmp_path.glob(".*"))


def test_a_finished_run_without_checkpoints_keeps_what_it_has(
    run: Run, run_config: ExperimentConfig, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("checkpoints"))
    longer = dataclasses.replace(run_config.training, epochs=3)
    with pytest.raises(ValueError, match="finished run without a checkpoint to go on from"):
        train(dataclasses.replace(run_config, training=longer), folder, accept_changes=True)
    assert json.loads((folder / "report.json").read_text(encoding="utf8")) == run.report


@pytest.fixture(scope="module")
def interrupted(run_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run, interrupted when the second of its two epochs began."""

    def interrupt(epoch: int, logs: object = None) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    folder = tmp_path_factory.mktemp("interrupted") / "run"
    stop = keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(run_config, folder, callbacks=[stop])
    return folder


def test_a_run_that_was_interrupted_goes_on_and_ends_with_the_same_weights(
    run: Run, run_config: ExperimentConfig, interrupted: Path, tmp_path: Path
) -> None:
    shutil.copytree(interrupted, tmp_path / "run")
    again = train(run_config, tmp_path / "run")
    assert again.report["epochs"] == 2
    for ours, theirs in zip(
        run.translator.network.get_weights(), again.translator.network.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_that_was_interrupted_can_end_where_it_stands(
    run_config: ExperimentConfig, interrupted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(interrupted, folder)

    def changed(**training: Any) -> ExperimentConfig:
        fields = dataclasses.replace(run_config.training, **training)
        return dataclasses.replace(run_config, training=fields)

    with pytest.raises(ValueError, match="must be more than the 1 that the run has"):
        # A rate that no update would use.
        train(changed(stop_after=1, learning_rate=0.5), folder, accept_changes=True)
    run = train(changed(stop_after=1), folder, accept_changes=True)
    assert run.report["epochs"] == 1
    assert train(changed(stop_after=1), folder).report == run.report
    assert (folder / "model.keras").exists()
    with pytest.raises(ValueError, match="must be more than the 1 that the run has"):
        train(changed(epochs=1), folder, accept_changes=True)  # it is finished


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metrics": ["blue"]}, r"`metrics\[0\]` must be one of .*Received: 'blue'"),
        (
            {"training": TrainingConfig(monitor="val_blue")},
            r"`training.monitor` must be one of val_loss.*Received: 'val_blue'",
        ),
        (
            {"training": TrainingConfig(optimizer="adamm")},
            "`training.optimizer` must be one of fused_adam, .*Received: 'adamm'",
        ),
        (
            {"source_text": TextConfig(tokenizer="wrd")},
            "`source_text.tokenizer` must be one of .*Received: 'wrd'",
        ),
        (
            {"target_text": TextConfig(tokenizer={"name": "wrd"})},
            "`target_text.tokenizer` must be one of .*Received: 'wrd'",
        ),
        ({"search": SearchConfig(name="beem")}, "`search.name` must be one of .*Received: 'beem'"),
    ],
)
def test_an_unknown_name_is_told_before_anything_is_read(
    fields: dict[str, Any], message: str, tmp_path: Path
) -> None:
    config = ExperimentConfig(data=DataConfig(train="missing.tsv", valid="missing.tsv"))
    with pytest.raises(ValueError, match=message):
        train(dataclasses.replace(config, **fields), tmp_path / "run")


def test_a_folder_must_be_named(tiny_config: Make) -> None:
    with pytest.raises(ValueError, match="`output` must name a folder"):
        train(tiny_config(), "")
    with pytest.raises(ValueError, match="`output` must name a folder. Received the file '/dev/nu"):
        train(tiny_config(), "/dev/null")


def test_data_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`data.train` and `data.valid` must name files"):
        train(ExperimentConfig(), tmp_path / "run")


def test_a_search_that_cannot_be_is_an_error_before_training_and_leaves_no_folder(
    tiny_config: Make, tmp_path: Path
) -> None:
    search = SearchConfig(options={"num_beam": 2})
    config = dataclasses.replace(tiny_config(), search=search)
    with pytest.raises(TypeError, match="num_beam"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "training", [{"clip_norm": 0}, {"threads": 0}, {"patience": 0}, {"valid_sentences": 0}]
)
def test_zero_is_not_a_way_to_say_no_limit(tiny_config: Make, training: dict[str, int]) -> None:
    (name,) = training
    with pytest.raises(ValueError, match=rf"`training.{name}` must be .*Received: 0"):
        tiny_config(**training)


def test_scheduled_sampling_and_every_other_option_is_reached_by_configuration(
    tiny_config: Make,
) -> None:
    config = tiny_config()
    model = dataclasses.replace(
        config.model,
        attention={"name": "additive", "distribution": "sparsemax"},
        bridge="mean",
        reverse_source=True,
        tie="target",
        readout_units=8,
        scheduled_sampling={"name": "linear", "steps": 5, "final_rate": 0.5},
    )
    config = dataclasses.replace(config, model=model)
    network: Any = build_translator(config, read_data(config.data)).network
    assert network.scheduled_sampling.final_rate == 0.5
    assert network.decoder.get_config()["attention"]["distribution"] == "sparsemax"
    assert "logits" not in [layer.name for layer in network.layers]  # tied


def test_every_option_of_the_catalogue_is_a_field() -> None:
    fields = {field.name for field in dataclasses.fields(ModelConfig)}
    assert fields == {"name", *DEFAULTS}


@pytest.mark.slow
def test_a_run_goes_on_with_changes_that_are_accepted(tiny_config: Make, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = {"schedule": "constant", "warmup_steps": 0, "steps_per_epoch": 2}
    train(tiny_config(epochs=2, **options), folder)
    changed = tiny_config(epochs=4, learning_rate=0.5, **options)
    with pytest.raises(ValueError, match="training.epochs was 2 and is 4, training.learning_rate"):
        train(changed, folder)
    with pytest.raises(ValueError, match="must be more than the 2 that the run has.*Received: 2"):
        train(tiny_config(epochs=2, learning_rate=0.5, **options), folder, accept_changes=True)

    class PowerCutError(Exception):
        pass

    def fail(batch: int, logs: object = None) -> None:
        raise PowerCutError

    cut = keras.callbacks.LambdaCallback(on_train_batch_begin=fail)
    with pytest.raises(PowerCutError):  # before the first epoch with the new rate is over
        train(changed, folder, callbacks=[cut], accept_changes=True)
    run = train(changed, folder)
    with open(folder / "history.csv", encoding="utf8") as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates == pytest.approx([0.002, 0.002, 0.5, 0.5])
    expected = {"training.epochs": [2, 4], "training.learning_rate": [0.002, 0.5]}
    assert run.report["changes"] == [{"epoch": 2, **expected}]
    assert ExperimentConfig.read(folder / "config.yaml") == changed


def test_another_backend_that_runs_no_experiment_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="backend TensorFlow alone. Received: 'jax'."):
        train(ExperimentConfig(), tmp_path / "run")
    assert not (tmp_path / "run").exists()
