"""Answering more texts than fit in memory, with a bar that shows how far it is."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

from kerasseq import checks

BATCHES = 32
AT_ONCE = 8  # batches that are handed over together, so that they may run side by side

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
        answer: a `Translator` for texts, its `score` for pairs, or whatever is called like one
            with rows and a batch size. It gets the rows of several batches, in their order.
        rows: read as they are needed.
        batch_size: how many rows are a batch.
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
            for start in range(0, len(part), AT_ONCE * batch_size):
                some = order[start : start + AT_ONCE * batch_size]
                found = answer([part[row] for row in some], batch_size)
                answers.update(zip(some, found, strict=True))
                bar.update(len(some))
            yield [answers[row] for row in range(len(part))]
    if failure is not None:
        raise failure


def are_many_batches(total: int | None, batch_size: int, window: int | None = None) -> bool:
    """Returns whether rows fill batches enough to run two of them at once.

    Args:
        total: how many rows there are; `None`: unknown, and taken for many.
        batch_size: how many rows are a batch.
        window: how many rows are answered together; by default those of 32 batches.
    """
    most = min(BATCHES * batch_size if each is None else each for each in (total, window))
    return most >= 2 * batch_size


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
