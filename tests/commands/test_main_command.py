import json
import subprocess
import sys

import pytest

import kerasseq
from kerasseq import commands

# What each help says, after how much CPU time, and whether anything slow was loaded for it.
HELP = f"""
import contextlib, io, json, sys, time
import kerasseq
start, report = time.process_time(), dict()
for command in {[*commands.COMMANDS]}:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        code = kerasseq.commands.main([command, "--help"])
    report[command] = dict(code=code, text=text.getvalue())
slow = [name for name in ("tensorflow", "keras", "matplotlib") if name in sys.modules]
print(json.dumps(dict(help=report, slow=slow, seconds=time.process_time())))
"""


def test_help_is_quick_and_loads_no_tensorflow() -> None:
    """CPU time of one process that shows the help of every command."""
    result = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["slow"] == []
    assert report["seconds"] < 2
    for command, said in report["help"].items():
        assert said["code"] == 0
        assert said["text"].startswith(f"usage: kerasseq {command} ")
    assert "--training.epochs" in report["help"]["train"]["text"]
    assert "times that all pairs are seen" in report["help"]["train"]["text"]


def test_a_command_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["translate", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: kerasseq translate ")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_alone_it_prints_its_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(arguments) == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: kerasseq COMMAND ...\n")
    for command in commands.COMMANDS:
        assert f"\n  {command} " in output


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["--version"]) == 0
    assert capsys.readouterr().out == f"kerasseq {kerasseq.__version__}\n"


def test_another_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["trian"]) == 2
    assert capsys.readouterr().err == (
        "kerasseq: error: there is no command 'trian'. Did you mean 'train'?\n"
    )
    assert commands.main(["--frobnicate"]) == 2
    assert capsys.readouterr().err.endswith(
        "'--frobnicate'. Commands: train, evaluate, translate, tune, export, plot, benchmark.\n"
    )
