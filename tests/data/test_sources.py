import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerasseq.data import Pairs, read_parallel, read_tsv

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


def test_a_plain_file_is_source_tab_target(write: Write) -> None:
    path = write("a.tsv", 'one\tett\n"two"\ttvå \n')
    assert read_tsv(path) == Pairs(["one", '"two"'], ["ett", "två "])


def test_columns_are_numbered_from_0(write: Write) -> None:
    path = write("a.tsv", "7\tett\tone\n8\ttvå\ttwo\n")
    assert read_tsv(path, source=2, target=1) == Pairs(["one", "two"], ["ett", "två"])


def test_a_named_column_means_a_header(write: Write) -> None:
    path = write("a.tsv", "\ufeffid\tswedish\tenglish\r\n7\tett\tone\r\n")
    assert read_tsv(path, source="english", target="swedish") == Pairs(["one"], ["ett"])
    assert read_tsv(path, source="english") == Pairs(["one"], ["ett"])


def test_a_header_is_never_guessed(write: Write) -> None:
    path = write("a.tsv", "english\tswedish\none\tett\n")
    assert len(read_tsv(path)) == 2
    assert len(read_tsv(path, header=False)) == 2
    assert read_tsv(path, header=True) == Pairs(["one"], ["ett"])


def test_a_header_is_the_first_line_that_is_not_blank(write: Write) -> None:
    path = write("a.tsv", "\n \nsource\ttarget\na\tb\n\nc\td\n")
    columns: tuple[int | str, int | str]
    for columns in ((0, 1), ("source", "target")):
        pairs = read_tsv(path, columns[0], columns[1], header=True, empty="drop")
        assert pairs == Pairs(["a", "c"], ["b", "d"])
    with pytest.raises(ValueError, match=r"line 7: 1 column, but line 3 has 2"):
        read_tsv(write("b.tsv", "\n\ns\tt\na\tb\n\nc\td\ne\n"), header=True, empty="drop")


@pytest.mark.parametrize("text", ["\na\tb\nc\td\n", "a\tb\n\nc\td\n", "a\tb\nc\td\n \n\n"])
def test_blank_lines_are_dropped_like_empty_sides(write: Write, text: str) -> None:
    assert read_tsv(write("a.tsv", text), empty="drop") == Pairs(["a", "c"], ["b", "d"])


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("", {}, r"a\.tsv is empty\."),
        ("\n \n", {"empty": "drop"}, r"a\.tsv is empty\."),
        ("a\tb\n", {"header": True}, r"a\.tsv holds a header and no pair\."),
        (
            "a b\n",
            {},
            r"targets, 1 counted from 0, .* Its line 1 has 1 column: are they separated by",
        ),
        ("a\tb\n", {"source": 2}, r"column of the sources, 2 counted from 0, .*a\.tsv\. .* 2 col"),
        ("a\tb\nc\n", {}, r"a\.tsv, line 2: 1 column, but line 1 has 2\."),
        ("a\tb\nc\td\te\n", {}, r"a\.tsv, line 2: 3 columns, but line 1 has 2\."),
        ("a\tb\n\n", {}, r"a\.tsv, line 2: 1 column, but line 1 has 2\."),
        ("a\tb\n \td\n", {}, r"a\.tsv, line 2: the source \(column 0\) is empty\. Fill it in"),
        ("h\tk\na\tb\nc\t\n", {"target": "k"}, r"line 3: the target \(column 'k'\) is empty\."),
        ("a\t\n", {"empty": "drop"}, r"a\.tsv holds no pair with two texts\."),
        (
            "en\tsv\n",
            {"source": "eng"},
            r"the sources, 'eng', .* \(line 1\) are 'en', 'sv'\. Number",
        ),
        (
            "t\tt\n",
            {"source": "t"},
            r"a\.tsv, line 1: the header has 2 columns named 't': 't', 't'",
        ),
        ("a\tb\n", {"target": 0}, r"`source` and `target` must be two columns\. .* 0 and 0, both"),
        ("a\tb\n", {"source": "a", "header": False}, r"`header` .* header=False, source='a', tar"),
        ("a\tb\n", {"source": -1}, r"`source` must be an integer of at least 0\. Received: -1\."),
        ("a\tb\n", {"empty": "keep"}, r"`empty` must be one of 'error', 'drop'\. .* 'keep'"),
    ],
)
def test_a_bad_file_or_column_is_named(
    write: Write, text: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_tsv(write("a.tsv", text), **arguments)


def test_a_column_is_a_name_or_an_integer(write: Write) -> None:
    path = write("a.tsv", "a\tb\n")
    with pytest.raises(TypeError, match=r"`source` must be an integer .* Received: True\."):
        read_tsv(path, source=True)
    with pytest.raises(TypeError, match=r"`header` must be True or False\. Received: 1\."):
        read_tsv(path, header=1)  # type: ignore[arg-type]


def test_lines_with_an_empty_side_can_be_dropped(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = write("a.tsv", "a\tb\n\tc\nd\t \ne\tf\n")
    with caplog.at_level(logging.WARNING):
        assert read_tsv(path, empty="drop") == Pairs(["a", "e"], ["b", "f"])
    assert "a.tsv: left out 2 lines with an empty side." in caplog.text


def test_parallel_files_go_line_by_line(write: Write) -> None:
    source, target = write("a.en", "one\ntwo\n"), write("a.sv", "ett\r\ntv\tå")
    assert read_parallel(source, target) == Pairs(["one", "two"], ["ett", "tv\tå"])


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a\nb\n", "x\n", r"a\.en, line 2: \S*a\.sv has no such line\. .* with 2, \S* with 1\."),
        ("a\n", "x\ny\nz\n", r"a\.sv, line 2: \S*a\.en has no such line\. .* with 1, \S* with 3"),
        ("a\nb\n", "x\n\n", r"a\.sv, line 2: the target is empty\."),
        ("\nb\n", "x\ny\n", r"a\.en, line 1: the source is empty\."),
        ("", "x\n", r"a\.en is empty\."),
        ("x\n", "", r"a\.sv is empty\."),
    ],
)
def test_parallel_files_that_do_not_fit_are_named(
    write: Write, source: str, target: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_parallel(write("a.en", source), write("a.sv", target))


def test_the_same_line_of_parallel_files_is_dropped(write: Write) -> None:
    source, target = write("a.en", "a\n\nc\n"), write("a.sv", "x\ny\nz\n")
    assert read_parallel(source, target, empty="drop") == Pairs(["a", "c"], ["x", "z"])


def test_spaces_around_a_title_are_no_part_of_it(write: Write) -> None:
    path = write("a.tsv", "english \t swedish\none\tett\n")
    assert read_tsv(path, source="english", target="swedish") == Pairs(["one"], ["ett"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n \na\nb\tc\n", r"the targets, 1 counted from 0, .* Its line 3 has 1 column: are they"),
        ("\na\tb\nc\n", r"a\.tsv, line 3: 1 column, but line 2 has 2\."),
    ],
)
def test_blank_lines_that_are_dropped_are_no_example_of_the_columns(
    write: Write, text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_tsv(write("a.tsv", text), empty="drop")
