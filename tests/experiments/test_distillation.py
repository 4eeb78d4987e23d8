"""Trained translators whose distributions a run learns beside its labels."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq import Translator, experiments
from kerasseq.experiments import (
    DataConfig,
    DistillationConfig,
    ExperimentConfig,
    TextConfig,
    train,
)
from kerasseq.experiments.distillation import find_teachers
from kerasseq.translation import Ensemble


@pytest.fixture(scope="module")
def teachers(
    tiny_config: Callable[..., ExperimentConfig], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """Two files: a translator, and an ensemble of two."""
    folder = tmp_path_factory.mktemp("teachers")
    configs = [dataclasses.replace(tiny_config(epochs=1), seed=seed) for seed in (2, 3)]
    runs = [train(each, folder / str(each.seed), show_progress=False) for each in configs]
    first = runs[0].translator
    ensemble = Ensemble([run.translator.network for run in runs])
    Translator(first.source_codec, first.target_codec, ensemble).save(folder / "both.keras")
    return [str(folder / "2" / "model.keras"), str(folder / "both.keras")]


def student(config: ExperimentConfig) -> Translator:
    return experiments.build_translator(config, experiments.read_data(config.data))


def distilled(config: ExperimentConfig, paths: list[str], weight: float = 0.5) -> ExperimentConfig:
    return dataclasses.replace(config, distillation=DistillationConfig(paths, weight=weight))


def test_a_run_with_teachers_learns_otherwise_and_its_file_stands_alone(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], tmp_path: Path
) -> None:
    config = tiny_config(epochs=2, warmup_steps=1)
    plain = train(config, tmp_path / "plain", show_progress=False)
    run = train(distilled(config, teachers, 0.7), tmp_path / "run", show_progress=False)
    assert run.translator.network.distillation is None
    assert run.translator.network.count_params() == plain.translator.network.count_params()
    pairs = zip(
        run.translator.network.get_weights(), plain.translator.network.get_weights(), strict=True
    )
    assert any(np.abs(ours - theirs).max() > 1e-3 for ours, theirs in pairs)
    loaded = Translator.load(tmp_path / "run" / "model.keras")
    said = loaded.metadata["config"]["distillation"]
    assert (said["teachers"], said["weight"]) == (teachers, 0.7)
    # The same command on the finished run only reads.
    again = train(distilled(config, teachers, 0.7), tmp_path / "run", show_progress=False)
    assert again.report == run.report


def test_an_ensemble_counts_as_its_members(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str]
) -> None:
    config = distilled(tiny_config(), teachers)
    assert len(find_teachers(config, student(config)).networks) == 3
    assert isinstance(Translator.load(teachers[1]).network, Ensemble)


def write_recipe(config: ExperimentConfig, path: Path, **fields: Any) -> str:
    """A recipe names no files, as those that ship."""
    dataclasses.replace(config, data=DataConfig(), **fields).write(path)
    return str(path)


def test_a_run_trains_teachers_of_a_recipe_and_learns_as_from_their_files(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], tmp_path: Path
) -> None:
    recipe = write_recipe(tiny_config(epochs=3), tmp_path / "recipe.yaml")
    config = tiny_config(epochs=1, warmup_steps=1)
    taught = DistillationConfig(recipe=recipe, seeds=[2, 3], epochs=1, weight=0.7)
    run = train(
        dataclasses.replace(config, distillation=taught), tmp_path / "run", show_progress=False
    )
    own = [tmp_path / "run" / "teachers" / str(seed) for seed in (2, 3)]
    said = ExperimentConfig.read(own[1] / "config.yaml")
    assert (said.seed, said.training.epochs, said.data.test) == (3, 1, None)
    assert said.data.train == config.data.train
    assert [each["seed"] for each in run.report["teachers"]] == [2, 3]
    assert all(each["wall_seconds"] > 0 for each in run.report["teachers"])
    first = Translator.load(own[0] / "model.keras").network.get_weights()
    for ours, alone in zip(first, Translator.load(teachers[0]).network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, alone)
    paths = [str(each / "model.keras") for each in own]
    named = train(distilled(config, paths, 0.7), tmp_path / "named", show_progress=False)
    pairs = zip(
        run.translator.network.get_weights(), named.translator.network.get_weights(), strict=True
    )
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours, theirs)


def test_a_teacher_that_is_trained_is_not_trained_again(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], tmp_path: Path
) -> None:
    recipe = write_recipe(tiny_config(epochs=1), tmp_path / "recipe.yaml")
    done = tmp_path / "run" / "teachers" / "5"
    shutil.copytree(Path(teachers[0]).parent, done)
    before = (done / "history.csv").stat().st_mtime_ns
    taught = DistillationConfig(recipe=recipe, seeds=[5])
    config = dataclasses.replace(tiny_config(epochs=1), distillation=taught)
    train(config, tmp_path / "run", show_progress=False)
    assert (done / "history.csv").stat().st_mtime_ns == before


@pytest.mark.parametrize("own", [{"teachers": ["a.keras"]}, {"recipe": "b.yaml", "seeds": [1]}])
def test_a_recipe_with_teachers_of_its_own_is_refused(
    tiny_config: Callable[..., ExperimentConfig], tmp_path: Path, own: dict[str, Any]
) -> None:
    recipe = write_recipe(
        tiny_config(), tmp_path / "recipe.yaml", distillation=DistillationConfig(**own)
    )
    taught = DistillationConfig(recipe=recipe, seeds=[1])
    config = dataclasses.replace(tiny_config(), distillation=taught)
    with pytest.raises(ValueError, match="without teachers of its own"):
        train(config, tmp_path / "run", show_progress=False)
    assert not (tmp_path / "run").exists()


def test_a_teacher_with_other_tokens_is_refused_and_nothing_is_lost(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], tmp_path: Path
) -> None:
    text = TextConfig(tokenizer="character", vocabulary_size=64, lowercase=True)
    config = dataclasses.replace(distilled(tiny_config(), teachers), source_text=text)
    with pytest.raises(ValueError, match=r"`distillation.teachers` must have the source tokens"):
        train(config, tmp_path / "run", show_progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "taught", [{"teachers": ["gone.keras"]}, {"recipe": "gone.yaml", "seeds": [1]}]
)
def test_a_missing_file_is_named(
    tiny_config: Callable[..., ExperimentConfig], tmp_path: Path, taught: dict[str, Any]
) -> None:
    config = dataclasses.replace(tiny_config(), distillation=DistillationConfig(**taught))
    with pytest.raises(FileNotFoundError, match=r"gone\."):
        train(config, tmp_path / "run", show_progress=False)
    assert not (tmp_path / "run").exists()


def test_a_run_does_not_go_on_with_another_teacher_under_the_same_name(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], tmp_path: Path
) -> None:
    mine = tmp_path / "teacher.keras"
    shutil.copy(teachers[0], mine)
    config = distilled(tiny_config(epochs=4), [str(mine)])
    train(config, tmp_path / "run", show_progress=False, watch=lambda state: True)
    (tmp_path / "run" / "report.json").unlink()
    shutil.copy(teachers[1], mine)
    with pytest.raises(ValueError, match=r"files were others.*distillation\.teachers\.0"):
        train(config, tmp_path / "run", show_progress=False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"teachers": "a.keras"}, "must be a list of strings"),
        ({"teachers": [3]}, r"teachers\[0\]` must be a string"),
        ({"weight": 0}, "distillation.weight"),
        ({"weight": 1.5}, "distillation.weight"),
        ({"recipe": "small_data"}, "must name another seed for each teacher"),
        ({"seeds": [1]}, "must name another seed for each teacher"),
        ({"recipe": "small_data", "seeds": [1, 1]}, r"Received: .* seeds \[1, 1\]"),
        ({"recipe": "small_data", "seeds": [-1]}, "distillation.seeds"),
        ({"recipe": "small_data", "seeds": [1], "epochs": 0}, "distillation.epochs"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        DistillationConfig(**values)
