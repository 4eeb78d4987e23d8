import gzip
import lzma
from pathlib import Path

import pytest

from kerasseq.data import read_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "text.txt"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb", ["a", "b"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\n\n", ["a", ""]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        # Characters that `str.splitlines` takes for line ends would shift parallel files.
        ("a\u2028b\x85c\x0bd\n".encode(), ["a\u2028b\x85c\x0bd"]),
    ],
)
def test_only_line_feeds_end_lines(path: Path, content: bytes, lines: list[str]) -> None:
    path.write_bytes(content)
    assert read_lines(path) == lines
    assert read_lines(str(path)) == lines


def test_compressed_files_are_known_by_their_content(path: Path) -> None:
    for compress in (gzip.compress, lzma.compress):
        path.write_bytes(compress("å\nb\n".encode()))
        assert read_lines(path) == ["å", "b"]


def test_what_is_not_utf8_is_named_with_line_and_byte(path: Path) -> None:
    path.write_bytes(b"abc\nd\xe5e\n")
    with pytest.raises(ValueError, match=r"text\.txt, line 2: byte 2 of the line, 0xe5, is not"):
        read_lines(path)
    path.write_bytes("a".encode("utf-16"))
    with pytest.raises(ValueError, match=r"line 1: byte 1 .* from UTF-16 to UTF-8"):
        read_lines(path)


def test_a_missing_file_and_a_folder_are_errors(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*text\.txt'\."):
        read_lines(path)
    with pytest.raises(ValueError, match=r"' is a folder; the path of a text file is needed\."):
        read_lines(path.parent)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_a_cut_off_archive_is_an_error(path: Path, compress: object) -> None:
    path.write_bytes(compress(b"a\nb\n" * 100)[:-9])  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"text\.txt is a damaged or cut-off archive: "):
        read_lines(path)
