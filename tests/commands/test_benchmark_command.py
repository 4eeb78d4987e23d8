import json
from collections.abc import Iterator
from typing import Any

import pytest

from kerasseq import benchmarking
from kerasseq.commands.benchmark_command import benchmark


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the benchmark was called with; it gives one row."""
    arguments: dict[str, Any] = {}

    def measure(**given: Any) -> Iterator[dict[str, Any]]:
        arguments.update(given)
        yield {"case": "training/float32/input_feeding", "step_ms": 1.5}

    monkeypatch.setattr(benchmarking, "training_benchmark", measure, raising=False)
    return arguments


def test_it_prints_one_json_object_a_line(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code = benchmark(["training", "--json", "--seconds", "3", "--dtype", "float32"])
    assert code == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"case": "training/float32/input_feeding", "step_ms": 1.5}
    assert asked == {
        **{"seconds": 3.0, "dtypes": ["float32"]},
        **{"source": None, "target": None, "threads": None},
    }


def test_without_json_a_row_is_readable(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--threads", "2", "--parallelism", "inter_op", "--vocabulary_size", "8192"]
    assert benchmark(["training", *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "training/float32/input_feeding"
    assert lines[1].split() == ["step_ms", "1.5"]
    assert (asked["threads"], asked["parallelism"]) == (2, "inter_op")
    assert asked["vocabulary_size"] == 8192
    assert "seconds" not in asked  # the benchmark's own default


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["training", "--path", "x"], "benchmark training takes no --path"),
        (["serving", "--dtype", "float32"], "benchmark serving takes no --dtype"),
        (
            ["search", "--threads", "0"],
            "`--threads` must be an integer of at least 1. Received: 0.",
        ),
    ],
)
def test_what_has_no_meaning_is_not_ignored(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark(arguments) == 2
    assert capsys.readouterr().err == f"kerasseq benchmark: error: {message}\n"


def test_unknown_work_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark(["sleeping"]) == 2
    assert "invalid choice: 'sleeping'" in capsys.readouterr().err.splitlines()[-1]
