"""What a run's folder lets happen to it."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from kerasseq.experiments import DistillationConfig, ExperimentConfig, TrainingConfig
from kerasseq.experiments.run_folder import CHANGEABLE, RunFolder

ENVIRONMENT: dict[str, Any] = {"files": {"data.train": {"path": "train.tsv", "sha256": "1f"}}}


def config(seed: int = 1, **training: Any) -> ExperimentConfig:
    return ExperimentConfig(training=TrainingConfig(**training), seed=seed)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.open(config(), ENVIRONMENT)
    return made


def test_the_same_configuration_goes_on(folder: RunFolder) -> None:
    assert folder.check(config()) == {}
    assert RunFolder(folder.path / "new").check(config(seed=9)) == {}


def test_another_configuration_is_told_field_by_field(folder: RunFolder) -> None:
    message = (
        rf"^{re.escape(str(folder.path))} holds a run with another configuration: "
        r"training\.epochs was 10 and is 12, seed was 1 and is 2\. Name another `output`"
    )
    with pytest.raises(ValueError, match=message):
        folder.check(config(seed=2, epochs=12))


def test_changes_are_accepted_if_asked_for_and_possible(folder: RunFolder) -> None:
    changed = config(epochs=12, learning_rate=1e-4)
    with pytest.raises(ValueError, match="Or let the run go on with it: `accept_changes`"):
        folder.check(changed)
    expected = {"training.epochs": [10, 12], "training.learning_rate": [2e-3, 1e-4]}
    assert folder.check(changed, accept_changes=True) == expected
    with pytest.raises(ValueError, match="A run cannot change seed, training.schedule. Name anoth"):
        folder.check(config(seed=2, schedule="noam", epochs=2), accept_changes=True)


def test_a_finished_run_that_goes_on_has_no_report(folder: RunFolder) -> None:
    folder.write_report({"bleu": 1.0})
    folder.open(config(epochs=12), ENVIRONMENT)
    assert folder.read_report() is None
    assert folder.check(config(epochs=12)) == {}


def test_every_field_that_may_change_exists() -> None:
    sections = {"training": TrainingConfig, "distillation": DistillationConfig}
    fields = {
        f"{name}.{field.name}"
        for name, section in sections.items()
        for field in dataclasses.fields(section)
    }
    assert set(CHANGEABLE) <= fields


def test_how_many_teachers_are_trained_at_once_may_change_and_who_they_are_may_not(
    tmp_path: Path,
) -> None:
    taught = DistillationConfig(recipe="small_data", seeds=[2, 3])
    before = dataclasses.replace(config(), distillation=taught)
    folder = RunFolder(tmp_path / "run")
    folder.open(before, ENVIRONMENT)
    more = dataclasses.replace(before, distillation=dataclasses.replace(taught, at_once=2))
    found = folder.check(more, accept_changes=True)
    assert found == {"distillation.at_once": [1, 2]}
    fewer = dataclasses.replace(before, distillation=dataclasses.replace(taught, seeds=[2]))
    with pytest.raises(ValueError, match="A run cannot change distillation.seeds"):
        folder.check(fewer, accept_changes=True)


def test_files_that_changed_meanwhile_are_an_error(folder: RunFolder) -> None:
    folder.check_files(ENVIRONMENT["files"])
    message = r"whose files were others when it began: data\.train \(train\.tsv\)\. Put them back"
    with pytest.raises(ValueError, match=message):
        folder.check_files({"data.train": {"path": "train.tsv", "sha256": "2e"}})


@pytest.mark.parametrize("left", ["report.json", "checkpoints/state.npz"])
def test_what_is_left_of_a_run_without_its_configuration_is_an_error(
    folder: RunFolder, left: str
) -> None:
    folder.config.unlink()
    assert folder.check(config()) == {}  # killed before it was written: nothing is lost
    (folder.path / left).parent.mkdir(exist_ok=True)
    (folder.path / left).write_text("{}")
    with pytest.raises(ValueError, match=rf"holds {left} of a run whose config.yaml is gone"):
        folder.check(config())


def test_an_environment_without_a_configuration_is_no_run(folder: RunFolder) -> None:
    folder.config.unlink()  # killed before it was written
    folder.check_files({"data.test": {"path": "test.tsv", "sha256": "2e"}})
    later = {**ENVIRONMENT, "later": True}
    folder.open(config(), later)
    assert json.loads(folder.environment.read_text(encoding="utf8")) == later


def test_json_has_no_infinity(folder: RunFolder) -> None:
    folder.write_report({"test_perplexity": float("inf"), "losses": [1.0, float("nan")]})
    assert folder.read_report() == {"test_perplexity": None, "losses": [1.0, None]}


def test_the_batch_of_an_invalid_loss_is_gone_when_the_run_goes_on(folder: RunFolder) -> None:
    folder.write_invalid_batch([("1", "a", "b")])
    folder.open(config(learning_rate=1e-4), ENVIRONMENT)
    assert not folder.invalid_batch.exists()


def test_the_environment_is_that_of_the_first_session(folder: RunFolder) -> None:
    folder.open(config(), {**ENVIRONMENT, "later": True})
    assert json.loads(folder.environment.read_text(encoding="utf8")) == ENVIRONMENT
