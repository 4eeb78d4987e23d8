"""One process a folder: two that wrote into one would each remove what the other needs."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LOCK = ".lock"


class FolderLock:
    """Holds a folder for this process, until it is released or the process ends, however it ends.

    Where the system has no such locks (Windows, some network file systems) nothing is held.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: IO[str] | None = None

    def hold(self) -> None:
        """Makes the folder, if it is missing, and holds it.

        Raises:
            ValueError: if another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        while self._file is None:
            file = open(self.path / LOCK, "a+", encoding="utf-8")  # noqa: SIM115, held open
            if not _try_lock(file):
                holder = _read(file)
                file.close()
                raise ValueError(
                    f"{self.path} is in use by {holder}. Wait until it has ended, or name another "
                    "`output`."
                )
            # Whoever held it has removed the file before: then this lock is on no file.
            if _is_at(file, self.path / LOCK):
                self._file = file
                _write(file, f"process {os.getpid()} of {socket.gethostname()}")
            else:
                file.close()

    def release(self) -> None:
        """Lets others hold the folder; nothing happens if this does not."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.remove(self.path / LOCK)  # before the lock goes with the file
            self._file.close()
            self._file = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Holds the folder within a block."""
        self.hold()
        try:
            yield
        finally:
            self.release()


def _try_lock(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system has no locks
        return True
    return True


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip() or "another process"


def _write(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text + "\n")
    file.flush()
