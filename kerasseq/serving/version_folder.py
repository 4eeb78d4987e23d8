"""Folders named by a version number, written beside and renamed."""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kerasseq import checks

PARTIAL = ".partial"
"""What an unfinished folder begins with. No server takes it for a version: it is no number."""


def versions_in(path: str | os.PathLike[str]) -> list[int]:
    """Returns the version numbers that a model's folder holds, the smallest first.

    Args:
        path: the model's folder; it need not exist.
    """
    names = os.listdir(path) if os.path.isdir(path) else []
    # A server reads a number out of "007" too, and out of nothing but ASCII digits.
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def version_path(path: str | os.PathLike[str], version: int) -> Path:
    """Returns the folder of a version: "7", or "007" where it is called so.

    Args:
        path: the model's folder.
        version: one of `versions_in(path)`.
    """
    names = [name for name in os.listdir(path) if name.isascii() and name.isdigit()]
    return Path(path, next(name for name in names if int(name) == version))


def choose_version(path: str | os.PathLike[str], version: int | None) -> int:
    """Returns the version to write: the one that was asked for, else the next free one.

    Raises:
        FileExistsError: if the version is there already.
        ValueError: if a server could not read it: they count in 64 bits.
    """
    if version is not None:
        checks.check_integer("version", version, minimum=1, maximum=2**63 - 1)
    versions = versions_in(path)
    following = versions[-1] + 1 if versions else 1
    if version is None:
        return following
    if version in versions:
        raise FileExistsError(
            f"`version` must be a new one. Received: {version}, which is in {os.fspath(path)!r}. "
            f"The next free one is {following}."
        )
    return version


@contextlib.contextmanager
def new_version_folder(path: str | os.PathLike[str], version: int) -> Iterator[Path]:
    """Yields an empty folder beside `path/version`, which becomes that when all went well.

    A server that polls `path` never sees half a version. After an error nothing is left behind;
    what a killed process left is removed by the next call.

    Args:
        path: the model's folder; made if it is missing.
        version: a number that is not taken.

    Raises:
        FileExistsError: if somebody else wrote the version meanwhile.
    """
    path = Path(os.path.abspath(path))
    is_new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    temporary = Path(tempfile.mkdtemp(prefix=f"{_prefix(os.getpid())}{version}-", dir=path))
    try:
        yield temporary
        _write_through(temporary)
        temporary.chmod(0o755)  # mkdtemp's is for its owner alone; a server is somebody else
        _rename(temporary, path / str(version))
        _sync(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):  # somebody else may have written into it
                path.rmdir()
        raise


def _prefix(process: int | str) -> str:
    return f"{PARTIAL}-{socket.gethostname()}@{process}-"


def _remove_leftovers(path: Path) -> None:
    """Removes unfinished folders whose process, one of this machine, is no more."""
    start = _prefix("").removesuffix("-")  # no host has "@" in its name
    for folder in path.glob(f"{PARTIAL}-*"):
        process = folder.name.removeprefix(start).split("-")[0]
        if folder.name.startswith(start) and process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # where this question would be an interrupt
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and another user's
        return True
    return True


def _rename(temporary: Path, target: Path) -> None:
    try:
        os.rename(temporary, target)
    except OSError as error:
        if not target.exists():
            raise
        raise FileExistsError(
            f"Another process wrote version {target.name} of {os.fspath(target.parent)!r} "
            "meanwhile. Export again."
        ) from error


def _write_through(folder: Path) -> None:
    """Waits until all files of a folder are on disk, so that a power cut cannot halve them."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
