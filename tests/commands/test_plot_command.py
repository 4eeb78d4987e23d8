from pathlib import Path

import pytest

from kerasseq import commands


def test_a_picture_is_drawn(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pictures" / "attention.png"
    assert commands.plot(["--model", model, "--output", str(path), "hello world"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_another_ending_is_an_error(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "attention.bmp"
    assert commands.plot(["--model", model, "--output", str(path), "hello"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("kerasseq plot: error: `path's suffix` must be one of '.pdf', ")
    assert error.endswith("Received: '.bmp'.\n")


def test_one_text_is_wanted(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.plot(["--model", model, "--output", "x.png"]) == 2
    assert "the following arguments are required: TEXT" in capsys.readouterr().err
