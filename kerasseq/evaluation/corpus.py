"""What every metric is given: checked hypotheses, each with a list of references."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from kerasseq import checks

References: TypeAlias = Sequence[str] | Sequence[Sequence[str]]
"""One entry a hypothesis: a string, or a list of one or more strings. Both kinds may be mixed."""


def check_corpus(hypotheses: Sequence[str], references: References) -> list[list[str]]:
    """Raises unless there is one entry of `references` for each of `hypotheses`.

    Returns:
        The references as lists, so that one and several are the same to a metric.

    Raises:
        TypeError: if a bare string stands for a list, or anything but `str` for a sentence.
        ValueError: if there are no hypotheses, unequal counts, or a hypothesis without reference.
    """
    checks.check_strings("hypotheses", hypotheses)
    if isinstance(references, str | bytes) or not isinstance(references, Sequence):
        raise TypeError(
            "`references` must be a list with a string or a list of strings for each hypothesis. "
            f"Received: {references!r}."
        )
    if len(references) != len(hypotheses):
        raise ValueError(
            "`references` must have one entry for each hypothesis. "
            f"Received: {len(hypotheses)} hypotheses, {len(references)} references. "
            "Several references of one sentence stand in a list of their own."
        )
    return [_as_list(index, entry) for index, entry in enumerate(references)]


def _as_list(index: int, entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    checks.check_strings(f"references[{index}]", entry)
    return list(entry)


def reference_count(references: Sequence[Sequence[str]]) -> int | None:
    """The number of references of each sentence, `None` if it differs between sentences."""
    counts = {len(entry) for entry in references}
    return counts.pop() if len(counts) == 1 else None
