"""Corpus formats: a file, or two, -> `Pairs`. A new format is a new `read_*` function here."""

import logging
import os
from typing import Literal, TypeAlias

from kerasseq import checks
from kerasseq.data.lines import read_lines
from kerasseq.data.pairs import Pairs

Path: TypeAlias = str | os.PathLike[str]

logger = logging.getLogger(__name__)


def read_tsv(
    path: Path,
    source: str | int = 0,
    target: str | int = 1,
    header: bool | None = None,
    empty: Literal["error", "drop"] = "error",
) -> Pairs:
    r"""Reads pairs from two columns of a file with tab-separated columns.

    A plain `source<TAB>target` file needs no argument but its path. Quotation marks are text:
    nothing is quoted or escaped. Every line must have as many columns as the first one, so that a
    stray tab in a text is found instead of cutting it in silence.

    Args:
        path: the file, UTF-8, plain or compressed with gzip or xz.
        source: the column of the sources: its name in the header line, or its number from 0.
        target: the column of the targets.
        header: whether the first line holds the columns' names. `None` means that it does if a
            column is named, and does not if both are numbered: it is never guessed from the text.
        empty: what happens to a line whose source or target is empty or white space: `"error"`,
            or `"drop"`, which counts such lines in the log. A line without anything in it may
            then lack the tab too.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a column is missing or named twice in the header, or a line has too few or
            too many columns or an empty side; the message has the file and the line.

    Example:

    >>> read_tsv("pairs.tsv", source="english", target="swedish")  # doctest: +SKIP
    <Pairs: 23,064>
    """
    has_header = _has_header(source, target, header)
    checks.check_one_of("empty", empty, ("error", "drop"))
    lines = read_lines(path)
    if not any(line.strip() for line in lines):
        raise ValueError(f"{path} is empty.")
    rows = [line.split("\t") for line in lines]
    filled = 0  # the line that tells the columns
    if empty == "drop":
        filled = next(number for number, row in enumerate(rows) if "".join(row).strip())
        columns = len(rows[filled])
        rows = [row if "".join(row).strip() else [""] * columns for row in rows]
    source_index = _column_index("source", source, rows[filled], path, filled + 1)
    target_index = _column_index("target", target, rows[filled], path, filled + 1)
    if source_index == target_index:
        raise ValueError(
            "`source` and `target` must be two columns. "
            f"Received: {source!r} and {target!r}, both column {source_index} of {path}."
        )
    _check_column_counts(rows, path, filled)
    # What stands before a header is nothing left out.
    first = filled + 1 if has_header else 0
    rows = rows[first:]
    return _pairs(
        [row[source_index] for row in rows],
        [row[target_index] for row in rows],
        [(path, f"source (column {source!r})"), (path, f"target (column {target!r})")],
        first_line=first + 1,
        empty=empty,
    )


def read_parallel(
    source_path: Path, target_path: Path, empty: Literal["error", "drop"] = "error"
) -> Pairs:
    """Reads pairs from two files: each line of one with the same line of the other.

    Args:
        source_path: the file of the sources, UTF-8, plain or compressed with gzip or xz.
        target_path: the file of the targets.
        empty: what happens to a line whose source or target is empty or white space: `"error"`,
            or `"drop"`, which counts such lines in the log.

    Raises:
        FileNotFoundError: if one of the files is missing.
        ValueError: if one has more lines than the other, or an empty line; the message has the
            file and the line.

    Example:

    >>> read_parallel("train.en", "train.de")  # doctest: +SKIP
    <Pairs: 29,000>
    """
    checks.check_one_of("empty", empty, ("error", "drop"))
    sources, targets = read_lines(source_path), read_lines(target_path)
    for path, lines in ((source_path, sources), (target_path, targets)):
        if not lines:
            raise ValueError(f"{path} is empty.")
    if len(sources) != len(targets):
        longer, shorter = (source_path, target_path)
        if len(sources) < len(targets):
            longer, shorter = shorter, longer
        count = min(len(sources), len(targets))
        raise ValueError(
            f"{longer}, line {count + 1}: {shorter} has no such line. Parallel files must have "
            f"equally many lines. Received: {source_path} with {len(sources)}, "
            f"{target_path} with {len(targets)}."
        )
    return _pairs(
        sources, targets, [(source_path, "source"), (target_path, "target")], 1, empty=empty
    )


def _has_header(source: str | int, target: str | int, header: bool | None) -> bool:
    for name, column in (("source", source), ("target", target)):
        if not isinstance(column, str):
            checks.check_integer(name, column, minimum=0)
    named = isinstance(source, str) or isinstance(target, str)
    if header is None:
        return named
    checks.check_boolean("header", header)
    if named and not header:
        raise ValueError(
            "`header` must be True or None where a column is named. "
            f"Received: header=False, source={source!r}, target={target!r}. "
            "Number the columns from 0 if the file has no header."
        )
    return header


def _column_index(name: str, column: str | int, first_row: list[str], path: Path, line: int) -> int:
    if isinstance(column, str):
        names = [title.strip() for title in first_row]
        if names.count(column) == 1:
            return names.index(column)
        found = ", ".join(repr(title) for title in names)
        if column in names:
            raise ValueError(
                f"{path}, line {line}: the header has {names.count(column)} columns named "
                f"{column!r}: {found}. Rename them, or number the columns from 0 with header=True."
            )
        raise ValueError(
            f"The column of the {name}s, {column!r}, must stand in {path}. The columns in its "
            f"header (line {line}) are {found}. Number the columns from 0 if the file has no "
            "header."
        )
    if column < len(first_row):
        return column
    raise ValueError(
        f"The column of the {name}s, {column} counted from 0, must stand in {path}. "
        f"Its line {line} has {_columns(len(first_row))}: are they separated by tabs?"
    )


def _columns(count: int) -> str:
    return f"{count} column" + ("" if count == 1 else "s")


def _check_column_counts(rows: list[list[str]], path: Path, model: int) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[model]):
            raise ValueError(
                f"{path}, line {number}: {_columns(len(row))}, but line {model + 1} has "
                f"{len(rows[model])}. Columns are separated by tabs, and no text may hold a tab."
            )


def _pairs(
    sources: list[str],
    targets: list[str],
    places: list[tuple[Path, str]],
    first_line: int,
    empty: Literal["error", "drop"],
) -> Pairs:
    """The pairs without empty sides; `places` are the file and the words for each side."""
    if not sources:
        raise ValueError(f"{places[0][0]} holds a header and no pair.")
    kept = []
    for row, texts in enumerate(zip(sources, targets, strict=True)):
        if all(text.strip() for text in texts):
            kept.append(row)
        elif empty == "error":
            path, side = places[0] if not texts[0].strip() else places[1]
            raise ValueError(
                f"{path}, line {row + first_line}: the {side} is empty. "
                'Fill it in, delete the line, or pass empty="drop" to leave such lines out.'
            )
    dropped = len(sources) - len(kept)
    if dropped:
        logger.warning("%s: left out %d lines with an empty side.", places[0][0], dropped)
    if not kept:
        raise ValueError(f"{places[0][0]} holds no pair with two texts.")
    return Pairs([sources[row] for row in kept], [targets[row] for row in kept])
