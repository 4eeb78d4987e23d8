"""Files that are written beside and renamed: a reader never sees half a file."""

import contextlib
import csv
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PARTIAL = ".partial-"


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Removes what a killed `written_beside` left in a folder.

    Args:
        folder: the folder; nothing happens if there is none.
    """
    for path in Path(folder).glob(f".*{PARTIAL}*"):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def written_beside(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yields a temporary path beside `path`, with its ending; renames it when all went well.

    The folder is made if it is missing. What was at `path` stays untouched until the new file is
    complete and on disk; after an error nothing is left behind.

    Args:
        path: the file to write; a symbolic link stays one, and the file it names is written.

    Raises:
        ValueError: if `path` is a device or a pipe, which cannot be replaced by a file.
    """
    path = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise ValueError(f"{path} must be a file. It is a device or a pipe.")
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    stem, ending = os.path.splitext(name)
    temporary = ""
    try:
        prefix = f".{stem}{PARTIAL}"
        handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=ending, dir=folder)
        os.close(handle)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes files that only their owner can read; others may read a model.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
        if isinstance(error, OSError) and error.errno is not None:
            _name(error, path)
        raise


def _name(error: OSError, path: str) -> None:
    """Of a full disk Python says only that it is full, and of others a file that nobody named."""
    if error.filename is None or PARTIAL in str(error.filename):
        error.filename = path
        if error.filename2 is not None:  # set to None it would be shown
            del error.filename2


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text whole, in UTF-8.

    Args:
        path: the file to write.
        text: what it will hold.
    """
    with written_beside(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")


def finite(value: Any) -> Any:
    """Returns a value as JSON can hold it: no infinity, as a perplexity may be, and no NaN.

    Args:
        value: numbers, strings, lists and mappings; `None` comes in the place of such a number.
    """
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_csv(path: str | os.PathLike[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes a table whole: a line a row, the columns in the order in which they come up.

    Args:
        path: the file to write.
        rows: values by column; what a row lacks stays empty.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with (
        written_beside(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
