import json
import logging
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from kerasseq.commands.process import CommandParser, UsageError, one_line, real_text, run


def raising(error: BaseException) -> int:
    def work(arguments: Sequence[str]) -> None:
        raise error

    return run("test", work, [])


def test_work_that_succeeds_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", lambda arguments: print(*arguments), ["a", "b"]) == 0
    assert capsys.readouterr() == ("a b\n", "")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n\n  lines"), "two lines"),
        (TypeError("of another type"), "of another type"),
        (UsageError("unknown"), "unknown"),
        (FileNotFoundError("There is no file 'x'."), "There is no file 'x'."),
        (FileNotFoundError(2, "No such file", "x"), "No such file: 'x'"),
        (ValueError(), "ValueError"),
    ],
)
def test_what_the_user_can_mend_is_one_line(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == 2
    assert capsys.readouterr() == ("", f"kerasseq test: error: {line}\n")


def test_an_invalid_loss_is_one_line_and_no_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert raising(FloatingPointError("the loss is NaN")) == 1
    assert capsys.readouterr().err == "kerasseq test: error: the loss is NaN\n"


@pytest.mark.parametrize("error", [KeyError("key"), ZeroDivisionError(), RuntimeError("bug")])
def test_a_mistake_of_ours_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        raising(error)


def test_an_error_that_python_itself_raises_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        run("test", lambda arguments: print(1 + arguments[0]), ["a"])  # type: ignore[operator]
    with pytest.raises(ValueError, match="invalid literal"):
        run("test", lambda arguments: print(int(arguments[0])), ["a"])


def test_an_option_that_nothing_takes_is_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    def work(arguments: Sequence[str]) -> None:
        json.JSONDecoder(**{"num_beam": 3})  # type: ignore[arg-type]

    assert run("test", work, []) == 2
    assert "unexpected keyword argument 'num_beam'" in capsys.readouterr().err


def test_a_module_that_ends_the_process_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(SystemExit("no licence")) == 1
    assert capsys.readouterr().err == "no licence\n"


def test_lines_of_a_training_beside_others_say_which_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(arguments: Sequence[str]) -> None:
        say = logging.getLogger("kerasseq.test").info
        for name in ("seed 3", "ThreadPoolExecutor-0_1"):
            thread = threading.Thread(target=say, args=("epoch %d", 4), name=name)
            thread.start()
            thread.join()
        say("done")

    assert run("test", work, []) == 0
    assert capsys.readouterr().err == "seed 3: epoch 4\nepoch 4\ndone\n"


def test_control_c_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "")


def test_control_c_in_a_run_says_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    def work(arguments: Sequence[str]) -> None:
        raise KeyboardInterrupt

    assert run("train", work, []) == 130
    said = "kerasseq train: interrupted; the same command goes on from there.\n"
    assert capsys.readouterr() == ("", said)


def test_a_package_that_is_missing_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(ImportError("This needs the package tensorflow-text.")) == 2
    said = "kerasseq test: error: This needs the package tensorflow-text.\n"
    assert capsys.readouterr() == ("", said)


def test_streams_that_a_shell_has_closed_are_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    read: list[str] = []

    def work(arguments: Sequence[str]) -> None:
        print("nobody reads this")
        sys.stderr.write("nor this")
        read.append(sys.stdin.read())

    assert run("test", work, []) == 0
    assert read == [""]
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "from kerasseq.commands.process import run\n"
        "def work(arguments):\n"
        "    for number in range(100_000): print(number)\n"
        "raise SystemExit(run('test', work, []))\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "0\n"
    writer.stdout.close()
    assert writer.stderr is not None
    assert writer.stderr.read() == ""
    assert writer.wait() == 141
    writer.stderr.close()


def test_log_lines_of_the_library_are_shown_while_a_command_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("kerasseq.some.room")
    assert run("test", lambda arguments: logger.info("epoch %d", 1), []) == 0
    logger.info("epoch %d", 2)
    assert capsys.readouterr().err == "epoch 1\n"


def test_a_long_message_keeps_its_ends() -> None:
    line = one_line(ValueError("begin " + "x" * 5000 + " end"))
    assert line.startswith("begin xxx")
    assert line.endswith("xxx end")
    assert len(line) < 1100


def test_bytes_of_an_argument_that_are_no_text_are_replaced() -> None:
    assert real_text("å\udcff") == "å\ufffd"


def test_arguments_are_a_list() -> None:
    with pytest.raises(TypeError, match=r"`arguments` must be a list of strings\. .*: '--help'\."):
        run("test", print, "--help")


def test_a_parser_says_where_the_help_is() -> None:
    parser = CommandParser("test", "Tests.")
    parser.add_argument("--number", type=int)
    with pytest.raises(UsageError, match=r"unrecognized arguments: --xyz \(see kerasseq test --h"):
        parser.parse_args(["--xyz"])
    with pytest.raises(UsageError, match=r"arguments: --numbr=3\. Did you mean --number\? \(see"):
        parser.parse_args(["--numbr=3"])
    with pytest.raises(UsageError, match=r"argument --number: invalid int value: 'x' \(see "):
        parser.parse_args(["--number", "x"])
