"""Trained translators whose distributions a run learns beside its labels."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq import Translator, data, experiments
from kerasseq.experiments import (
    DataConfig,
    DistillationConfig,
    ExperimentConfig,
    Run,
    TextConfig,
    distillation,
    train,
)
from kerasseq.experiments.distillation import find_teachers
from kerasseq.training import Distillation
from kerasseq.translation import Ensemble


@pytest.fixture(scope="module")
def teachers(
    tiny_config: Callable[..., ExperimentConfig], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """The files of two runs with seeds 2 and 3."""
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (2, 3):
        config = dataclasses.replace(tiny_config(epochs=1), seed=seed)
        train(config, folder / str(seed), show_progress=False)
    return [str(folder / str(seed) / "model.keras") for seed in (2, 3)]


@pytest.fixture(scope="module")
def ensemble(teachers: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    first, second = (Translator.load(path) for path in teachers)
    both = Ensemble([first.network, second.network])  # type: ignore[list-item]
    path = tmp_path_factory.mktemp("ensemble") / "both.keras"
    Translator(first.source_codec, first.target_codec, both).save(path)
    return str(path)


@pytest.fixture(scope="module")
def taught(
    tiny_config: Callable[..., ExperimentConfig],
    teachers: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """A run that names its teachers."""
    config = distilled(tiny_config(epochs=1, warmup_steps=1), teachers, 0.7)
    return train(config, tmp_path_factory.mktemp("taught") / "run", show_progress=False)


def student(config: ExperimentConfig) -> Translator:
    return experiments.build_translator(config, experiments.read_data(config.data))


def distilled(config: ExperimentConfig, paths: list[str], weight: float = 0.5) -> ExperimentConfig:
    return dataclasses.replace(config, distillation=DistillationConfig(paths, weight=weight))


def largest_difference(first: Translator, second: Translator) -> float:
    pairs = zip(first.network.get_weights(), second.network.get_weights(), strict=True)
    return max(float(np.abs(one - other).max()) for one, other in pairs)


def test_a_run_with_teachers_learns_otherwise_and_its_file_stands_alone(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], taught: Run, tmp_path: Path
) -> None:
    plain = train(tiny_config(epochs=1, warmup_steps=1), tmp_path / "run", show_progress=False)
    assert largest_difference(taught.translator, plain.translator) > 1e-3
    assert taught.translator.network.distillation is None
    loaded = Translator.load(Path(taught.folder) / "model.keras")
    said = loaded.metadata["config"]["distillation"]
    assert (said["teachers"], said["weight"]) == (teachers, 0.7)
    # The same command on the finished run only reads.
    config = distilled(tiny_config(epochs=1, warmup_steps=1), teachers, 0.7)
    assert train(config, taught.folder, show_progress=False).report == taught.report


def test_what_teachers_say_is_asked_once_or_at_each_step(
    tiny_config: Callable[..., ExperimentConfig],
    teachers: list[str],
    taught: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distillation, "MOST_BYTES", 0)
    config = distilled(tiny_config(epochs=1, warmup_steps=1), teachers, 0.7)
    asking = train(config, tmp_path / "run", show_progress=False)
    assert largest_difference(asking.translator, taught.translator) < 1e-4


def test_teachers_of_sampled_sources_are_asked_at_each_step(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str]
) -> None:
    named = Distillation([Translator.load(teachers[0]).network])
    text = experiments.read_data(tiny_config().data).train
    translator = student(tiny_config())
    codecs = translator.source_codec, translator.target_codec
    batches = data.training_batches(text, *codecs)
    size = translator.network.vocabulary_size
    assert distillation.ask_once(named, batches, size) is not None
    batches.resample = lambda epoch, rows: batches.encoded.sources.take(rows)
    assert distillation.ask_once(named, batches, size) is None
    assert distillation.ask_once(None, batches, size) is None


def test_an_ensemble_counts_as_its_members(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], ensemble: str
) -> None:
    config = distilled(tiny_config(), [teachers[0], ensemble])
    assert len(find_teachers(config, student(config)).networks) == 3


def write_recipe(config: ExperimentConfig, path: Path, **fields: Any) -> str:
    """A recipe names no files, as those that ship."""
    dataclasses.replace(config, data=DataConfig(), **fields).write(path)
    return str(path)


def test_a_run_trains_the_teachers_that_are_missing_and_learns_as_from_files(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], taught: Run, tmp_path: Path
) -> None:
    recipe = write_recipe(tiny_config(epochs=3), tmp_path / "recipe.yaml")
    config = dataclasses.replace(
        tiny_config(epochs=1, warmup_steps=1),
        distillation=DistillationConfig(recipe=recipe, seeds=[2, 3], epochs=1, weight=0.7),
    )
    done, missing = (tmp_path / "run" / "teachers" / seed for seed in ("2", "3"))
    shutil.copytree(Path(teachers[0]).parent, done)
    before = (done / "history.csv").stat().st_mtime_ns
    run = train(config, tmp_path / "run", show_progress=False)
    assert (done / "history.csv").stat().st_mtime_ns == before
    said = ExperimentConfig.read(missing / "config.yaml")
    assert (said.seed, said.training.epochs, said.data.test) == (3, 1, None)
    assert said.data.train == config.data.train
    trained = Translator.load(missing / "model.keras")
    assert largest_difference(trained, Translator.load(teachers[1])) == 0
    assert largest_difference(run.translator, taught.translator) == 0
    assert [each["seed"] for each in run.report["teachers"]] == [2, 3]
    assert all(each["wall_seconds"] > 0 for each in run.report["teachers"])


def test_teachers_compute_as_the_run_does(
    tiny_config: Callable[..., ExperimentConfig], tmp_path: Path
) -> None:
    recipe = write_recipe(tiny_config(epochs=1), tmp_path / "recipe.yaml")
    config = dataclasses.replace(
        tiny_config(dtype="mixed_bfloat16", threads=2),
        distillation=DistillationConfig(recipe=recipe, seeds=[2]),
    )
    found = find_teachers(config, student(config))
    (teacher,) = found.configs
    assert (teacher.training.dtype, teacher.training.threads) == ("mixed_bfloat16", 2)


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
