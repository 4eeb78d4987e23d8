"""Trained translators whose distributions a run learns beside its labels."""

import dataclasses
import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from kerasseq import Translator, data, experiments
from kerasseq.commands.process import NAMED_RUN
from kerasseq.experiments import (
    DataConfig,
    DistillationConfig,
    ExperimentConfig,
    Run,
    TextConfig,
    distillation,
    train,
)
from kerasseq.experiments.distillation import check_teachers, find_teachers, train_teachers
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.training import Distillation
from kerasseq.translation import Ensemble


@pytest.fixture(scope="module")
def by_recipe(
    tiny_config: Callable[..., ExperimentConfig], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A run that trains its teachers, with seeds 2 and 3, and learns from them."""
    folder = tmp_path_factory.mktemp("by_recipe")
    recipe = write_recipe(tiny_config(epochs=3), folder / "recipe.yaml")
    config = dataclasses.replace(
        tiny_config(epochs=1, warmup_steps=1),
        distillation=DistillationConfig(recipe=recipe, seeds=[2, 3], epochs=1, weight=0.7),
    )
    return train(config, folder / "run", show_progress=False)


@pytest.fixture(scope="module")
def teachers(by_recipe: Run) -> list[str]:
    """The files of its teachers."""
    return [str(Path(by_recipe.folder) / "teachers" / seed / "model.keras") for seed in "23"]


@pytest.fixture(scope="module")
def ensemble(teachers: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    first, second = (Translator.load(path) for path in teachers)
    both = Ensemble([first.network, second.network])  # type: ignore[list-item]
    path = tmp_path_factory.mktemp("ensemble") / "both.keras"
    Translator(first.source_codec, first.target_codec, both).save(path)
    return str(path)


class Taught(NamedTuple):
    """A run that names its teachers, and what its network was told of them while it learnt."""

    run: Run
    told: list[Distillation | None]


@pytest.fixture(scope="module")
def taught(
    tiny_config: Callable[..., ExperimentConfig],
    teachers: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Taught:
    config = distilled(tiny_config(epochs=1, warmup_steps=1), teachers, 0.7)
    told: list[Distillation | None] = []

    def listener(drafter: Translator, pairs: Any) -> keras.callbacks.Callback:
        network = drafter.network
        return keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: told.append(network.distillation)  # type: ignore[union-attr]
        )

    folder = tmp_path_factory.mktemp("taught") / "run"
    return Taught(train(config, folder, show_progress=False, callbacks=[listener]), told)


def student(config: ExperimentConfig) -> Translator:
    return experiments.build_translator(config, experiments.read_data(config.data))


def distilled(config: ExperimentConfig, paths: list[str], weight: float = 0.5) -> ExperimentConfig:
    return dataclasses.replace(config, distillation=DistillationConfig(paths, weight=weight))


def largest_difference(first: Translator, second: Translator) -> float:
    pairs = zip(first.network.get_weights(), second.network.get_weights(), strict=True)
    return max(float(np.abs(one - other).max()) for one, other in pairs)


def test_a_run_learns_from_its_teachers_and_its_file_stands_alone(
    tiny_config: Callable[..., ExperimentConfig], teachers: list[str], taught: Taught
) -> None:
    (told,) = taught.told
    assert told is not None
    assert (len(told.teachers), told.weight) == (2, 0.7)
    run = taught.run
    assert run.translator.network.distillation is None  # type: ignore[union-attr]
    loaded = Translator.load(Path(run.folder) / "model.keras")
    said = loaded.metadata["config"]["distillation"]
    assert (said["teachers"], said["weight"]) == (teachers, 0.7)
    # The same command on the finished run only reads.
    config = distilled(tiny_config(epochs=1, warmup_steps=1), teachers, 0.7)
    assert train(config, run.folder, show_progress=False).report == run.report


def test_what_is_too_much_or_of_sampled_sources_is_asked_at_each_step(
    tiny_config: Callable[..., ExperimentConfig],
    teachers: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = Distillation([Translator.load(teachers[0]).network])
    text = experiments.read_data(tiny_config().data).train
    translator = student(tiny_config())
    codecs = translator.source_codec, translator.target_codec
    batches = data.training_batches(text, *codecs)
    size = translator.network.vocabulary_size
    assert distillation.ask_once(named, batches, size) is not None
    with monkeypatch.context() as patch:
        patch.setattr(distillation, "MOST_BYTES", 0)
        assert distillation.ask_once(named, batches, size) is None
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


def test_a_run_that_trains_its_teachers_learns_as_from_files(
    tiny_config: Callable[..., ExperimentConfig], by_recipe: Run, taught: Taught
) -> None:
    said = ExperimentConfig.read(Path(by_recipe.folder) / "teachers" / "3" / "config.yaml")
    assert (said.seed, said.training.epochs, said.data.test) == (3, 1, None)
    assert said.data.train == tiny_config().data.train
    assert largest_difference(by_recipe.translator, taught.run.translator) == 0
    assert [each["seed"] for each in by_recipe.report["teachers"]] == [2, 3]
    assert all(each["wall_seconds"] > 0 for each in by_recipe.report["teachers"])


def test_teachers_that_have_been_trained_are_read(
    by_recipe: Run, teachers: list[str], tmp_path: Path
) -> None:
    config = ExperimentConfig.read(Path(by_recipe.folder) / "config.yaml")
    folder = RunFolder(tmp_path / "run")
    learner = student(config)
    shutil.copytree(Path(teachers[0]).parent, folder.teacher(2).path)
    trained = []

    def train_one(config: ExperimentConfig, output: Path, **options: Any) -> None:
        trained.append(config.seed)
        shutil.copytree(Path(teachers[1]).parent, output)

    found = find_teachers(config, learner)
    pairs = experiments.read_data(config.data)
    networks = train_teachers(found, folder, pairs, learner, train_one)
    assert trained == [3]
    assert len(networks) == 2


def test_teachers_trained_at_once_are_on_threads_that_commands_name(
    by_recipe: Run, tmp_path: Path
) -> None:
    config = ExperimentConfig.read(Path(by_recipe.folder) / "config.yaml")
    learner, folder = student(config), RunFolder(tmp_path / "run")
    names = []

    def train_one(config: ExperimentConfig, output: Path, **options: Any) -> None:
        names.append(threading.current_thread().name)
        shutil.copytree(Path(by_recipe.folder) / "teachers" / str(config.seed), output)

    pairs = experiments.read_data(config.data)
    found = find_teachers(config, learner)
    assert len(train_teachers(found, folder, pairs, learner, train_one, at_once=2)) == 2
    assert sorted(names) == [f"{NAMED_RUN}2", f"{NAMED_RUN}3"]


def test_a_recipe_that_was_changed_since_is_refused(by_recipe: Run) -> None:
    config = ExperimentConfig.read(Path(by_recipe.folder) / "config.yaml")
    learner = student(config)
    found = find_teachers(config, learner)
    changed = [
        dataclasses.replace(each, model=dataclasses.replace(each.model, cell="lstm"))
        for each in found.configs
    ]
    folder = RunFolder(by_recipe.folder)
    check_teachers(found, folder)
    with pytest.raises(ValueError, match="another configuration: model.cell was 'gru' and is 'ls"):
        check_teachers(found._replace(configs=changed), folder)


def test_teachers_stay_what_they_are_when_the_run_has_other_threads(by_recipe: Run) -> None:
    config = ExperimentConfig.read(Path(by_recipe.folder) / "config.yaml")
    threads = dataclasses.replace(config.training, threads=7, parallelism="both")
    found = find_teachers(dataclasses.replace(config, training=threads), student(config))
    assert {each.training.threads for each in found.configs} == {7}
    check_teachers(found, RunFolder(by_recipe.folder))


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
    taught: Taught, teachers: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(taught.run.folder, folder)
    (folder / "report.json").unlink()  # as if killed in its evaluation
    began = json.loads((folder / "environment.json").read_text())
    files = began["files"]
    files["distillation.teachers.0"]["sha256"] = files["distillation.teachers.1"]["sha256"]
    (folder / "environment.json").write_text(json.dumps(began))
    config = ExperimentConfig.read(folder / "config.yaml")
    with pytest.raises(ValueError, match=r"files were others.*distillation\.teachers\.0"):
        train(config, folder, show_progress=False)


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
        ({"recipe": "small_data", "seeds": [1], "at_once": 0}, "distillation.at_once"),
        ({"teachers": ["a.keras"], "epochs": 3}, "distillation.epochs.*Received: 3, and no recipe"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        DistillationConfig(**values)
