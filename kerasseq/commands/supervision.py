"""A search in a process of its own, which is started again when it dies."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kerasseq.commands.process import UsageError
from kerasseq.tuning.deaths import mark_death

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux' prctl
PATIENCE = 10.0  # seconds, for a search to end by itself
# What a person or whatever looks after processes sends: the search is to end, not its trial alone.
REQUESTS = {getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")} - {None}


def supervise(arguments: Sequence[str], output: str) -> int:
    """Runs a command in another process until it ends by itself.

    A process that is killed in a trial, as the out-of-memory killer does, or that ends in a
    segmentation fault, ends that trial alone: it has failed, and the search goes on with the next.
    One that was asked to end (SIGTERM, SIGHUP) ends the search, and goes on with the same command.

    Args:
        arguments: of Python: the module, the command and its arguments.
        output: the search's folder.

    Returns:
        The exit code of the process that ended by itself.

    Raises:
        KeyboardInterrupt: if the process was asked to end, or this one by Ctrl-C.
        UsageError: if a process dies outside of a trial: the next one would, too.
    """
    while True:
        with subprocess.Popen([sys.executable, *arguments], preexec_fn=_at_start()) as process:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                _interrupt(process)
                raise
        if code >= 0:
            return code
        if -code in REQUESTS:
            raise KeyboardInterrupt
        name = signal.Signals(-code).name
        trial_id = mark_death(Path(output), name)
        if trial_id is None:
            raise UsageError(f"the search was ended by {name}, and not within a trial.")


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Waits for the end of a process that a terminal has told, too; `kill -INT` has not."""
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()


def _at_start() -> Callable[[], None] | None:
    """What makes a process die with its parent, where there is such a thing.

    Else a search whose supervisor is killed goes on unseen, beside the next.
    """
    if sys.platform != "linux":
        return None
    control = ctypes.CDLL(None).prctl
    return lambda: control(DIE_WITH_PARENT, signal.SIGKILL)
