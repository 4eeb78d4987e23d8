"""Answering more texts than fit in memory, with a bar that shows how far it is."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

from kerasseq import checks

BATCHES = 32

Row = TypeVar("Row")
Answer = TypeVar("Answer")


def answer_windows(
    answer: Callable[[Sequence[Row], int], list[Answer]],
    rows: Iterable[Row],
    batch_size: int = 64,
    window: int | None = None,
    total: int | None = None,
    show_progress: bool = True,
    length: Callable[[Row], Any] = len,  # type: ignore[assignment]
) -> Iterator[list[Answer]]:
    """Yields answers in the order of the rows, a window of them at a time.

    Inside a window rows of about one length share a batch, so that little is spent on padding. When
    a row cannot be read, those before it are answered first.

    Args:
        answer: a `Translator` for texts, its `score` for pairs, or whatever is called like one.
        rows: read as they are needed.
        batch_size: how many rows run at once.
        window: how many rows are sorted among one another; by default those of 32 batches.
        total: how many rows there are, for the bar.
        show_progress: whether to show a bar on standard error, if that is a terminal.
        length: what rows are sorted by.
    """
    checks.check_positive_integer("batch_size", batch_size)
    rest = iter(rows)
    hidden = not (show_progress and sys.stderr.isatty())
    with tqdm(total=total, unit=" sentences", leave=False, disable=hidden) as bar:
        failure: Exception | None = None
        while failure is None:
            part, failure = _read(rest, window or BATCHES * batch_size)
            if not part:
                break
            order = sorted(range(len(part)), key=[length(row) for row in part].__getitem__)
            answers: dict[int, Answer] = {}
            for start in range(0, len(part), batch_size):
                batch = order[start : start + batch_size]
                found = answer([part[row] for row in batch], batch_size)
                answers.update(zip(batch, found, strict=True))
                bar.update(len(batch))
            yield [answers[row] for row in range(len(part))]
    if failure is not None:
        raise failure


def _read(rows: Iterator[Row], count: int) -> tuple[list[Row], Exception | None]:
    """The next rows, at most so many, and what kept it from reading more; often nothing."""
    read: list[Row] = []
    try:
        for row in itertools.islice(rows, count):
            read.append(row)
    except (ValueError, OSError) as error:
        return read, error
    return read, None


def lengths_of_pair(pair: tuple[str, str]) -> tuple[int, int]:
    """Returns what pairs of texts are sorted by."""
    return len(pair[0]), len(pair[1])
