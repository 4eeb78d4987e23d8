from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerasseq import commands, experiments
from kerasseq.experiments import ExperimentConfig

REPORT = {
    "bleu": 12.345,
    "exact_match": 1.0,
    "signature": {"bleu": "nrefs:1|case:mixed", "exact_match": "nrefs:1"},
    "split": "test",
    "sentences": 1001,
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ExperimentConfig, str]]:
    """Takes the place of the training, and keeps what it is given."""
    calls: list[tuple[ExperimentConfig, str]] = []

    def train(config: ExperimentConfig, output: str, callbacks: Any, accept_changes: bool) -> Any:
        calls.append((config, output))
        assert accept_changes == output.endswith("changed")
        return SimpleNamespace(folder=output, report=REPORT)

    monkeypatch.setattr(experiments, "train", train)
    return calls


def test_flags_win_over_the_file_wherever_they_stand(
    calls: list[tuple[ExperimentConfig, str]], tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("data: {train: a.tsv, valid: b.tsv}\ntraining: {epochs: 3, batch_size: 8}\n")
    flags = ["--training.epochs", "5", "--seed", "7", "--output", "runs/a", "--config", str(path)]
    assert commands.train(flags) == 0
    assert commands.train(flags[-2:] + flags[:-2]) == 0
    (config, output), again = calls
    assert again == (config, output)
    assert output == "runs/a"
    assert (config.training.epochs, config.training.batch_size, config.seed) == (5, 8, 7)
    assert config.data.train == "a.tsv"


def test_threads_are_said_in_one_word_or_in_two(
    calls: list[tuple[ExperimentConfig, str]],
) -> None:
    flags = ["--config", "tatoeba_eng_swe", "--output", "runs/a"]
    assert commands.train([*flags, "--threads", "3"]) == 0
    assert commands.train([*flags, "--training.threads", "3"]) == 0
    assert [config.training.threads for config, _ in calls] == [3, 3]


def test_fine_tuning_and_optimisers_are_said_in_flags(
    calls: list[tuple[ExperimentConfig, str]],
) -> None:
    flags = ["--config", "tatoeba_eng_swe", "--output", "runs/changed", "--accept_changes"]
    flags += ["--fine_tuning.model", "a.keras", "--fine_tuning.freeze", "encoder", "bridge"]
    flags += ["--training.optimizer", "{name: sgd, momentum: 0.9}"]
    assert commands.train(flags) == 0
    config = calls[0][0]
    assert config.fine_tuning.model == "a.keras"
    assert config.fine_tuning.freeze == ["encoder", "bridge"]
    assert config.training.optimizer == {"name": "sgd", "momentum": 0.9}


def test_a_recipe_is_known_by_its_name(calls: list[tuple[ExperimentConfig, str]]) -> None:
    assert commands.train(["--config", "tatoeba_eng_swe", "--output", "runs/a"]) == 0
    assert calls[0][0] == ExperimentConfig.read("tatoeba_eng_swe")


def test_files_and_columns_alone_will_do(calls: list[tuple[ExperimentConfig, str]]) -> None:
    files = ["--data.train", "train.tsv", "--data.valid", "valid.tsv", "--data.test", "test.tsv"]
    columns = ["--data.source_column", "1", "--data.target_column", "swedish"]
    assert commands.train([*files, *columns, "--output", "runs/a"]) == 0
    data = calls[0][0].data
    assert (data.train, data.valid, data.test) == ("train.tsv", "valid.tsv", "test.tsv")
    assert (data.source_column, data.target_column) == (1, "swedish")


def test_the_numbers_are_printed(
    calls: list[tuple[ExperimentConfig, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.train(["--config", "tatoeba_eng_swe", "--output", "runs/a"]) == 0
    assert capsys.readouterr().out == (
        "1,001 sentences of the test split:\n"
        "  bleu          12.35  nrefs:1|case:mixed\n"
        "  exact_match    1.00  nrefs:1\n"
        "The translator is runs/a/model.keras\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to train on: name files with --data.train and --data.valid, "),
        (["--data.train", "a.tsv"], "--data.valid must name held-out pairs, to choose and to sto"),
        (["--config", "{recipe}", "--data.train", "a"], "--data.train a and the sample tatoeba_"),
        (["--config", "missing.yaml"], "There is no configuration file 'missing.yaml', and no "),
        (["--config", "{wrong}"], "{wrong}: there is no key 'training.epoch'. Did you mean 'epo"),
        (["--training.epochs", "x"], "`--training.epochs` must be an integer. Received: 'x'."),
        (["--frobnicate", "1"], "unrecognized arguments: --frobnicate 1 (see kerasseq train --h"),
        (["--config"], "argument --config: expected one argument"),
    ],
)
def test_a_mistake_ends_with_2_and_a_line_that_says_it(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    calls: list[tuple[ExperimentConfig, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("training: {epoch: 3}")
    names = {"wrong": wrong, "recipe": "tatoeba_eng_swe"}
    flags = [argument.format(**names) for argument in arguments]
    assert commands.train(["--output", str(tmp_path), *flags]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("kerasseq train: error: " + message.format(**names))
    assert errors.count("\n") == 1
    assert calls == []


def test_an_output_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.train(["--data.sample", "tatoeba_eng_swe"]) == 2
    assert "output" in capsys.readouterr().err


def test_a_broken_file_is_an_error_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.tsv"
    broken.write_text("one\tett\ntwo\n", encoding="utf-8")
    files = ["--data.train", str(broken), "--data.valid", str(broken)]
    assert commands.train([*files, "--output", str(tmp_path / "run")]) == 2
    assert capsys.readouterr() == (
        "",
        f"kerasseq train: error: {broken}, line 2: 1 column, but line 1 has 2. "
        "Columns are separated by tabs, and no text may hold a tab.\n",
    )
