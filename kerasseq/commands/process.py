"""What every command does around its work: log lines, errors, exit codes."""

import argparse
import contextlib
import difflib
import dis
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NoReturn

FAILED, MENDABLE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141
RESUMABLE = ("train", "tune")
LONGEST_MESSAGE = 1000
NAMED_RUN = "seed "  # how threads of `kerasseq.experiments` are called that train teachers


class UsageError(ValueError):
    """A command line that cannot be understood."""


class CommandParser(argparse.ArgumentParser):
    """A parser that raises `UsageError`, so that all errors are told in one way.

    Args:
        name: the command's name.
        description: what it does; stands above the arguments in the help.
    """

    def __init__(self, name: str, description: str) -> None:
        super().__init__(prog=f"kerasseq {name}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raises what argparse would print, with the flag that may have been meant."""
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        unknown = re.search(r"unrecognized arguments: (--[^\s=]+)", message)
        if unknown:
            message += did_you_mean(unknown[1], known)
        raise UsageError(f"{message} (see {self.prog} --help)")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns the question after a misspelt word, or nothing if no known one is like it."""
    similar = difflib.get_close_matches(word, list(known), n=1)
    return f". Did you mean {similar[0]}?" if similar else ""


def run(name: str, work: Callable[[Sequence[str]], None], arguments: Sequence[str] | None) -> int:
    """Does the work of a command and returns its exit code.

    Args:
        name: the command's name.
        work: from the arguments to what is printed.
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        0; 2 for what the user can mend and 1 for a training whose loss became invalid, after one
        line on standard error; 130 after Ctrl-C; 141 if nobody reads the output any more.
    """
    if isinstance(arguments, str):
        raise TypeError(f"`arguments` must be a list of strings. Received: {arguments!r}.")
    _open_closed_streams()
    _speak_utf8()
    try:
        with _log_to_stderr():
            work(list(sys.argv[1:] if arguments is None else arguments))
            sys.stdout.flush()
    except SystemExit as end:  # argparse, after --help
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return int(end.code or 0)
    except KeyboardInterrupt:
        if name in RESUMABLE:
            sys.stderr.write(
                f"kerasseq {name}: interrupted; the same command goes on from there.\n"
            )
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except (ImportError, OSError, TypeError, ValueError) as error:
        if not _is_meant_for_users(error):
            raise
        return _tell(name, error, MENDABLE)
    except FloatingPointError as error:  # the training's loss: nobody's mistake, but an end
        return _tell(name, error, FAILED)
    return 0


def _tell(name: str, error: Exception, code: int) -> int:
    command = f"kerasseq {name}".strip()
    sys.stderr.write(f"{command}: error: {one_line(error)}\n")
    return code


def one_line(error: Exception) -> str:
    """Returns an error's message as one line of bearable length.

    Args:
        error: whatever came.
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.strerror}: {error.filename!r}"
    text = " ".join(text.split()) or type(error).__name__
    if len(text) > LONGEST_MESSAGE:  # Keras likes to add a whole configuration in the middle
        text = f"{text[: LONGEST_MESSAGE // 2]} [...] {text[-LONGEST_MESSAGE // 2 :]}"
    return text


def split_texts(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the arguments before `--` and those behind it, which are no flags.

    `argparse` forgets the mark where texts may stand between flags.
    """
    before = list(arguments)
    if "--" not in before:
        return before, []
    mark = before.index("--")
    return before[:mark], before[mark + 1 :]


def real_text(argument: str) -> str:
    """Returns an argument of the command line as a text that a file can hold.

    Args:
        argument: as Python gives it: bytes that are not UTF-8 are lone surrogates.
    """
    return os.fsencode(argument).decode("utf-8", "replace")


def _is_meant_for_users(error: Exception) -> bool:
    """Whether somebody wrote this message for whoever gave a wrong value.

    That is so where the innermost line of code is a `raise`; Python's own `TypeError` and
    `ValueError`, such as for `None + 1`, are our mistakes and keep their traceback. The exception
    are the options in a configuration, which become keyword arguments.
    """
    if isinstance(error, OSError) or "unexpected keyword argument" in str(error):
        return True
    trace = error.__traceback__
    if trace is None:
        return True
    while trace.tb_next is not None:
        trace = trace.tb_next
    return dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"


class _Lines(logging.Formatter):
    """The text of a record; where trainings run side by side, behind the name of its training."""

    def format(self, record: logging.LogRecord) -> str:
        name, text = record.threadName or "", super().format(record)
        return f"{name}: {text}" if name.startswith(NAMED_RUN) else text


@contextlib.contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Shows the library's log lines, and nothing but their text, while a command runs."""
    logger = logging.getLogger("kerasseq")
    level, propagate = logger.level, logger.propagate
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # TensorFlow gives the root logger a handler of its own
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def _open_closed_streams() -> None:
    """What a shell has closed (`<&-`) Python knows as None, which nothing can read or write."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _speak_utf8() -> None:
    """Texts are UTF-8 whatever the locale says; what is no text never stops a message."""
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors=errors)


def _discard_output() -> None:
    """What is still buffered would fail once more when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
