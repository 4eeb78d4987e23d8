import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerasseq import commands, tuning
from kerasseq.commands.trial_table import TrialTable
from kerasseq.commands.tune_command import read_space
from kerasseq.experiments import ExperimentConfig, RunState
from kerasseq.tuning import Choice, Fixed, Range, TrialRecord, TuningResult

FILES = ["--data.train", "a.tsv", "--data.valid", "b.tsv", "--output", "runs/search"]
GOOD = TrialRecord(
    "0000",
    {"model.cell": "gru", "training.learning_rate": 0.00123456, "target_text.tokenizer": "word"},
    {},
    metrics={"val_chrf": 31.25},
    epochs=20,
    parameters=12345,
    seconds=61.25,
    elapsed=70.0,
)
BAD = TrialRecord(
    *("0001", {"model.input_feeding": True}, {}, "failed", "nan", "InvalidLossError: loss is nan"),
    elapsed=80.0,
)
BETTER = TrialRecord("0002", {}, {}, metrics={"val_chrf": 40.0}, elapsed=90.0)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """Takes the place of the search, and keeps what it is given."""
    calls: list[SimpleNamespace] = []

    def tune(*arguments: Any, **options: Any) -> TuningResult:
        names = ("config", "output", "budget", "space", "algorithm", "objective")
        calls.append(SimpleNamespace(**dict(zip(names, arguments, strict=True)), **options))
        return TuningResult(arguments[1], "val_chrf", "max", [GOOD, BAD])

    monkeypatch.setattr(tuning, "tune", tune)
    return calls


def test_flags_say_what_is_searched_how_and_how_long(
    calls: list[SimpleNamespace], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [
        *(
            "--config",
            "small_data",
            "--seed",
            "7",
            "--space",
            "training",
            "--objective",
            "val_chrf",
        ),
        *("--set", "model.cell=[gru, lstm]", "--set", "model.dropout=0.2"),
        *("--algorithm", "hyperband", "--options", "{factor: 4}"),
        *("--max_trials", "20", "--max_minutes", "1.5", "--max_tokens", "1000000"),
    ]
    assert commands.tune([*FILES, *flags]) == 0
    (call,) = calls
    assert call.config.training.epochs == ExperimentConfig.read("small_data").training.epochs
    assert (call.config.seed, call.config.data.train) == (7, "a.tsv")
    assert call.budget == tuning.Budget(20, 90.0, 1_000_000)
    assert call.space["model.cell"] == Choice(("gru", "lstm"))
    assert call.space["model.dropout"] == Fixed(0.2)
    assert set(call.space) == {*tuning.SPACES["training"], "model.cell"}
    assert (call.algorithm, call.objective, call.output) == ("hyperband", "val_chrf", "runs/search")
    assert call.options == {"factor": 4}
    assert capsys.readouterr().out == (
        "\n2 trials, 1 of them failed. The best is 0000: val_chrf 31.25\n"
        "Its translator is runs/search/trials/0000/model.keras\n"
        "Its configuration is runs/search/best.yaml: kerasseq train --config takes it\n"
    )


def test_the_objective_is_the_monitor_unless_named(calls: list[SimpleNamespace]) -> None:
    flags = ["--max_trials", "1", "--training.monitor", "val_word_error_rate"]
    assert commands.tune([*FILES, *flags]) == 0
    assert calls[0].objective == "val_word_error_rate"
    assert calls[0].listener.direction == "min"
    assert calls[0].algorithm == "random"
    assert calls[0].space.to_dict() == tuning.SPACES["small_data"].to_dict()


def test_a_change_of_the_space_is_yaml() -> None:
    space = read_space("training", ["model.dropout={minimum: 0.1, maximum: 0.3}", "seed = 3"])
    assert space["model.dropout"] == Range(0.1, 0.3)
    assert space["seed"] == Fixed(3)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "a search needs a limit: --max_trials, --max_minutes or --max_tokens."),
        (["--max_trials", "0"], "`--max_trials` must be an integer of at least 1. Received: 0."),
        (["--max_minutes", "-1"], "`--max_minutes` must be a number above 0. Received: -1.0."),
        (["--max_trials", "1", "--options", "{{factor: 4}}"], "a key must be a string, a number"),
        (["--max_trials", "x"], 'Parser key "max_trials": Expected a '),
        (["--max_trials", "1", "--space", "big"], "There is no file 'big', and no space of that"),
        (["--max_trials", "1", "--set", "model.cell"], "--set must be FIELD=VALUE. Received: 'mod"),
        (["--max_trials", "1", "--set", "cell=gru"], "there is no field 'cell' in a configuration"),
        (["--max_trials", "1", "--objective", "bleu"], "`objective` must be one of val_loss, val_"),
        (["--max_trials", "1", "--options", "4"], "--options must be a mapping, such as '{factor:"),
        (["--max_trials", "1", "--data.sample", "x"], "--data.train a.tsv and the sample x exclud"),
    ],
)
def test_a_mistake_ends_with_2_and_a_line_that_says_it(
    flags: list[str],
    message: str,
    calls: list[SimpleNamespace],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert commands.tune([*FILES, *flags]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert message in errors
    assert errors.startswith("kerasseq tune: error: ")
    assert errors.count("\n") == 1
    assert calls == []


def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert commands.tune([*FILES, "--max_trials", "1", "--algorithm", "bayesian"]) == 2
    said = "a search needs keras-tuner, tensorboard, scipy, scikit-learn: install it with `pip "
    assert said in capsys.readouterr().err


def test_the_table_fills_and_the_picture_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = TrialTable(tmp_path, "val_chrf", "max")
    table.on_trial_begin("0000", {})
    table.on_epoch_end("0000", RunState(epoch=1, history=[{"val_chrf": 1.0}]), 0.1)
    for count in (1, 2, 3):
        table.on_trial_end([GOOD, BAD, BETTER][:count], 0.3)
        assert (tmp_path / "trials.png").stat().st_size > 1000
    header, good, bad, better = capsys.readouterr().out.splitlines()
    assert re.split(r"\s{2,}", header)[:3] == ["trial", "status", "val_chrf"]
    assert re.split(r"\s+", good, maxsplit=7) == [
        *("0000", "completed", "31.2500", "*", "20", "61.2", "12,345"),
        "cell gru, learning_rate 0.00123, target_tokenizer word",
    ]
    assert "failed (nan)" in bad
    assert bad.endswith("InvalidLossError: loss is nan: input_feeding true")
    assert "40.0000 *" in better
