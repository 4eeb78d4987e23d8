"""The command `kerasseq`: finds the command that is meant."""

import difflib
import sys
from collections.abc import Callable, Sequence
from types import MappingProxyType

import kerasseq
from kerasseq.commands.benchmark_command import benchmark
from kerasseq.commands.evaluate_command import evaluate
from kerasseq.commands.export_command import export
from kerasseq.commands.plot_command import plot
from kerasseq.commands.process import UsageError, run
from kerasseq.commands.train_command import train
from kerasseq.commands.translate_command import translate
from kerasseq.commands.tune_command import tune

Command = Callable[[Sequence[str] | None], int]

COMMANDS: MappingProxyType[str, Command] = MappingProxyType(
    {
        "train": train,
        "evaluate": evaluate,
        "translate": translate,
        "tune": tune,
        "export": export,
        "plot": plot,
        "benchmark": benchmark,
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `kerasseq COMMAND ...`.

    Args:
        arguments: the command's name and its arguments; `None` takes those of the process.

    Returns:
        The exit code of the command.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    return run("", _other, arguments)


def _other(arguments: Sequence[str]) -> None:
    first = arguments[0] if arguments else "--help"
    if first in ("-h", "--help"):
        print(_usage())
    elif first == "--version":
        print(f"kerasseq {kerasseq.__version__}")
    else:
        similar = difflib.get_close_matches(first, COMMANDS, n=1)
        meant = f"Did you mean {similar[0]!r}?" if similar else f"Commands: {', '.join(COMMANDS)}."
        raise UsageError(f"there is no command {first!r}. {meant}")


def _usage() -> str:
    lines = [
        f"  {name:10} {(command.__doc__ or '').splitlines()[0]}"
        for name, command in COMMANDS.items()
    ]
    return "\n".join(
        [
            "usage: kerasseq COMMAND ...",
            "       kerasseq COMMAND --help",
            "       kerasseq --version",
            "",
            *lines,
        ]
    )
