from pathlib import Path

import pytest

from kerasseq import Translator, commands


def test_the_folder_that_was_written_is_printed(
    model: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is in it, the serving room tests."""

    def export(self: Translator, path: str, version: int | None = None) -> str:
        return f"{path}/{version or 1}"

    monkeypatch.setattr(Translator, "export", export)
    flags = ["--model", model, "--output", str(tmp_path)]
    assert commands.export(flags) == 0
    assert commands.export([*flags, "--version", "7"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/1\n{tmp_path}/7\n"


def test_a_mistake_ends_with_2(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.export(["--model", model]) == 2
    error = capsys.readouterr().err
    assert error.startswith("kerasseq export: error: the following arguments are required: --outp")


def test_a_serving_folder_is_written_beside_the_model(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served, folder = tmp_path / "served" / "dates", tmp_path / "server"
    assert (
        commands.export(["--model", model, "--output", str(served), "--serving", str(folder)]) == 0
    )
    assert capsys.readouterr().out.splitlines() == [str(served / "1"), str(folder)]
    assert {path.name for path in folder.iterdir()} >= {"models.config", "docker-compose.yml"}


def test_what_cannot_be_served_is_told_before_a_version_is_written(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--model", model, "--serving", str(tmp_path / "server")]
    assert commands.export([*flags, "--output", str(tmp_path / "my model")]) == 2
    assert "--output names the model: `name` must be letters" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["--output", "--serving"])
def test_an_empty_path_is_no_folder(
    flag: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {"--output": str(tmp_path / "served"), "--serving": str(tmp_path / "server"), flag: ""}
    flags = [each for pair in paths.items() for each in pair]
    assert commands.export(["--model", model, *flags]) == 2
    assert f"`{flag}` must name a folder. Received: an empty path." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
