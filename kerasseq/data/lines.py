"""The lines of a text file: decompressed, decoded, checked."""

import gzip
import lzma
import os
import zlib
from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
XZ_MAGIC = b"\xfd7zXZ\x00"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Reads the lines of a UTF-8 text file, without their line ends.

    A file compressed with gzip or xz is known by its first bytes and decompressed. Lines end
    with a line feed, or a carriage return before it; no other character ends a line, so that two
    parallel files cannot come apart. A byte order mark at the start is left out.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8 (the message has the line), or is a damaged archive.
    """
    content = _decompress(_read(path), path)
    text = _decode(content, path).removeprefix("\ufeff")
    lines = text.split("\n")
    if not lines[-1]:  # what follows the last line end, and in an empty file all there is
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _read(path: str | os.PathLike[str]) -> bytes:
    file = Path(path)
    if not file.exists():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    if file.is_dir():
        raise ValueError(f"{str(path)!r} is a folder; the path of a text file is needed.")
    return file.read_bytes()


def _decompress(content: bytes, path: str | os.PathLike[str]) -> bytes:
    try:
        if content.startswith(GZIP_MAGIC):
            return gzip.decompress(content)
        if content.startswith(XZ_MAGIC):
            return lzma.decompress(content)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{path} is a damaged or cut-off archive: {error}.") from error
    return content


def _decode(content: bytes, path: str | os.PathLike[str]) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        encoding = "UTF-16" if content.startswith(UTF16_MARKS) else "its encoding"
        raise ValueError(
            f"{path}, line {line}: byte {column} of the line, "
            f"0x{content[error.start]:02x}, is not UTF-8. "
            f"Convert the file from {encoding} to UTF-8, for example with iconv."
        ) from error
