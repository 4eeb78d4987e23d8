import gzip
import io
import lzma
import os
import re
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import pytest

from kerasseq.commands.input_lines import count_lines, iterate_lines
from kerasseq.data import read_lines

TEXT = "\ufeffett\r\ntv\u00e5\n\n\u2028tre\x0b\nfyra".encode()
LINES = ["ett", "två", "", "\u2028tre\x0b", "fyra"]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress])
def test_lines_are_those_that_a_corpus_would_have(tmp_path: Path, compress: type[bytes]) -> None:
    path = tmp_path / "text"
    path.write_bytes(compress(TEXT))
    assert list(iterate_lines(str(path))) == read_lines(path) == LINES


def test_standard_input_is_read_where_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    assert list(iterate_lines(None)) == LINES
    assert count_lines(None) is None


def test_lines_come_before_the_end_is_there() -> None:
    read, write = os.pipe()
    os.write(write, b"first\n")
    lines = iterate_lines(f"/dev/fd/{read}")
    assert next(lines) == "first"
    assert count_lines(f"/dev/fd/{read}") is None
    os.close(write)
    assert list(lines) == []
    os.close(read)


@pytest.mark.parametrize(
    ("content", "count"),
    [
        *((b"", 0), (b"\n", 1), (b"a\nb", 2), (b"a\nb\n", 2), (TEXT, 5)),
        *((BOM_UTF8, 0), (BOM_UTF8 + b"\n", 1)),
    ],
)
def test_lines_are_counted(tmp_path: Path, content: bytes, count: int) -> None:
    path = tmp_path / "text"
    path.write_bytes(content)
    lines = list(iterate_lines(str(path)))
    assert count_lines(str(path)) == count == len(lines)
    assert lines == read_lines(path)


@pytest.mark.parametrize("read", [read_lines, lambda path: list(iterate_lines(str(path)))])
def test_bytes_are_counted_from_the_beginning_of_the_file(tmp_path: Path, read: Any) -> None:
    (tmp_path / "text").write_bytes(BOM_UTF8 + b"ab\xff\n")
    with pytest.raises(ValueError, match="byte 6 of the line, 0xff"):
        read(tmp_path / "text")


def test_the_lines_of_an_archive_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(TEXT))
    assert count_lines(str(path)) is None


def test_a_line_that_is_not_utf8_is_an_error_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"ett\ntv\xe5\n")
    message = rf"^{re.escape(str(path))}, line 2: byte 3 of the line, 0xe5, is not UTF-8\."
    with pytest.raises(ValueError, match=message):
        list(iterate_lines(str(path)))


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_an_archive_that_is_cut_off_is_an_error(tmp_path: Path, compress: type[bytes]) -> None:
    path = tmp_path / "text"
    path.write_bytes(compress(TEXT)[:-9])
    with pytest.raises(ValueError, match=r"text is a damaged or cut-off archive: "):
        list(iterate_lines(str(path)))


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        count_lines("missing")
