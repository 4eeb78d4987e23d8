"""The lines of a text that may be longer than memory: a file, a pipe, a terminal."""

import contextlib
import gzip
import lzma
import os
import stat
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Protocol

from kerasseq.data.lines import GZIP_MAGIC, XZ_MAGIC

BLOCK = 1 << 20


class Readable(Protocol):
    """What files and archives have in common."""

    def readline(self) -> bytes:
        """Returns the next line with its end; nothing at the end of the text."""


def iterate_lines(path: str | None) -> Iterator[str]:
    """Yields the lines of a UTF-8 text, as `kerasseq.data.read_lines` would return them.

    Args:
        path: the file, plain or compressed with gzip or xz; `None` is standard input.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a line is not UTF-8 (the message has it), or the file a damaged archive.
    """
    name = "standard input" if path is None else path
    with _open(path) as stream:
        number = 0
        while line := _read_line(stream, name):
            number += 1
            mark = BOM_UTF8 if number == 1 and line.startswith(BOM_UTF8) else b""
            if line == mark:
                return  # nothing else is in the file
            try:
                text = line.removeprefix(mark).decode()
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{name}, line {number}: byte {len(mark) + error.start + 1} of the line, "
                    f"0x{error.object[error.start]:02x}, is not UTF-8. "
                    "Convert the text to UTF-8, for example with iconv."
                ) from error
            yield text.removesuffix("\n").removesuffix("\r")


def count_lines(path: str | None) -> int | None:
    """Returns how many lines a file has, or `None` where counting would use it up.

    Args:
        path: the file; `None` is standard input.
    """
    if path is None or not stat.S_ISREG(os.stat(path).st_mode):
        return None
    count, last = 0, b"\n"
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            if count == 0 and block.startswith((GZIP_MAGIC, XZ_MAGIC)):
                return None
            if block == BOM_UTF8 and file.tell() == len(block):
                return 0  # a mark before nothing
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


@contextlib.contextmanager
def _open(path: str | None) -> Iterator[Readable]:
    if path is None:
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        magic = file.peek(len(XZ_MAGIC))
        if magic.startswith(GZIP_MAGIC):
            with gzip.open(file) as stream:
                yield stream
        elif magic.startswith(XZ_MAGIC):
            with lzma.open(file) as stream:
                yield stream
        else:
            yield file


def _read_line(stream: Readable, name: str) -> bytes:
    try:
        return stream.readline()
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"{name} is a damaged or cut-off archive: {error}.") from error
