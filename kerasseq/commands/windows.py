"""Translating more texts than fit in memory, with a bar that shows how far it is."""

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tqdm import tqdm

from kerasseq import checks

if TYPE_CHECKING:
    from kerasseq import Translation

BATCHES = 32


def translate_windows(
    translate: Callable[[Sequence[str], int], list["Translation"]],
    texts: Iterable[str],
    batch_size: int = 64,
    window: int | None = None,
    total: int | None = None,
    show_progress: bool = True,
) -> Iterator[list["Translation"]]:
    """Yields translations in the order of the texts, a window of them at a time.

    Inside a window texts of about one length share a batch, so that little is spent on padding.

    Args:
        translate: a `Translator`, or whatever is called like one.
        texts: read as they are needed.
        batch_size: how many texts run at once.
        window: how many texts are sorted among one another; by default those of 32 batches.
        total: how many texts there are, for the bar.
        show_progress: whether to show a bar on standard error, if that is a terminal.
    """
    checks.check_positive_integer("batch_size", batch_size)
    rest = iter(texts)
    hidden = not (show_progress and sys.stderr.isatty())
    with tqdm(total=total, unit=" sentences", leave=False, disable=hidden) as bar:
        while rows := list(itertools.islice(rest, window or BATCHES * batch_size)):
            order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
            answers: dict[int, Translation] = {}
            for start in range(0, len(rows), batch_size):
                batch = order[start : start + batch_size]
                translations = translate([rows[row] for row in batch], batch_size)
                answers.update(zip(batch, translations, strict=True))
                bar.update(len(batch))
            yield [answers[row] for row in range(len(rows))]
