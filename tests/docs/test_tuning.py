"""What docs/tuning.md shows is so."""

import re
from pathlib import Path
from typing import Any

import pytest

from kerasseq import commands, tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import SPACES, Budget, TuningResult
from kerasseq.tuning.search_folder import SearchFolder

TEXT = (Path(__file__).parent.parent.parent / "docs/tuning.md").read_text(encoding="utf-8")


def test_each_flag_is_one_of_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train", "tune"):
        assert commands.main([name, "--help"]) == 0
    described = set(re.findall(r"--[\w.]+", capsys.readouterr().out))
    assert set(re.findall(r"--[a-z][\w.]+", TEXT)) <= described


def test_the_example_searches_a_changed_space(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []

    class Found(TuningResult):
        best = None  # type: ignore[assignment]

        def translator(self) -> Any:
            return list

    def tune(*arguments: Any, **options: Any) -> TuningResult:
        calls.append((*arguments, options))
        return Found("runs/search", "val_chrf", "max", ())

    monkeypatch.setattr(tuning, "tune", tune)
    (example,) = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.M | re.S)
    exec(example, {"config": ExperimentConfig()})
    ((_, output, budget, space, options),) = calls
    assert (output, budget, options) == (
        *("runs/search", Budget(max_trials=20)),
        {"objective": "val_chrf"},
    )
    assert space["source_text.tokenizer"].value == "character"
    assert "training.schedule" not in space
    assert set(space) - set(SPACES["small_data"]) == {"model.word_dropout"}


def test_the_files_are_called_so() -> None:
    folder = SearchFolder("runs")
    for path in (folder.search, folder.best, folder.table):
        assert f"`{path.name}`" in TEXT
    assert all(f"`{name}`" in TEXT for name in SPACES)
