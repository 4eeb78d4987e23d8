"""Trials that took their process with them: told by whoever saw it, read by the next process."""

from pathlib import Path

from kerasseq.files import write_text

DEATH = "death.txt"
RECORD = "trial.json"

# What Linux' out-of-memory killer sends, and nobody else without being asked to.
OUT_OF_MEMORY = "SIGKILL"


def mark_death(output: Path, signal_name: str) -> str | None:
    """Writes down that the process of a search was killed, in the folder of the trial it ran.

    Args:
        output: the search's folder.
        signal_name: what killed it.

    Returns:
        The trial's number, or `None` if no trial ran.
    """
    begun = sorted(path for path in output.glob("trials/*/") if not (path / RECORD).exists())
    if not begun or (begun[-1] / DEATH).exists():
        return None
    write_text(begun[-1] / DEATH, signal_name)
    return begun[-1].name


class ProcessDiedError(RuntimeError):
    """The process of a trial was killed."""


def check_death(folder: Path) -> None:
    """Raises if the process of a trial was killed before.

    Args:
        folder: the trial's run folder.

    Raises:
        MemoryError: if it was by what the out-of-memory killer sends.
        ProcessDiedError: if it was by another signal.
    """
    if not (folder / DEATH).exists():
        return
    name = (folder / DEATH).read_text(encoding="utf-8")
    if name == OUT_OF_MEMORY:
        raise MemoryError(f"the process was ended by {name}, as happens when memory runs out")
    raise ProcessDiedError(f"the process was ended by {name}")
