"""`Pairs`: a source text beside its target text, many times."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np


class Pairs:
    """Source texts beside their target texts.

    What the readers return and what reports, codecs and datasets take. Use it directly for pairs
    that are already in Python. An empty string is a text like any other here; only files may not
    hold one, since there it is a mistake more often than not.

    Args:
        sources: the source texts.
        targets: the target text of each source.
        references: every right target of each source, the first one being its target. `None`
            means that each source has the one target; `group()` makes several out of repeated
            sources.

    Raises:
        TypeError: if a text is not a `str`.
        ValueError: if the sides differ in length, or a source has no reference.

    Example:

    >>> pairs = Pairs(["one", "two"], ["ett", "två"])
    >>> len(pairs), pairs[1]
    (2, ('two', 'två'))
    """

    def __init__(
        self,
        sources: Iterable[str],
        targets: Iterable[str],
        references: Iterable[Iterable[str]] | None = None,
    ) -> None:
        self.sources = _texts("sources", sources)
        self.targets = _texts("targets", targets)
        _check_equal_lengths("targets", self.targets, self.sources)
        if references is not None:
            listed = [_texts(f"references[{row}]", texts) for row, texts in enumerate(references)]
            _check_equal_lengths("references", listed, self.sources)
            _check_references(listed, self.targets)
            self.references = listed

    @classmethod
    def from_tuples(cls, tuples: Iterable[tuple[str, str]]) -> "Pairs":
        """Returns the pairs of an iterable of `(source, target)`.

        Raises:
            ValueError: if an element does not hold two texts; the message has its index.
        """
        rows = list(tuples)
        for index, row in enumerate(rows):
            if not _is_pair(row):
                raise ValueError(
                    f"`tuples[{index}]` must be a (source, target) tuple. Received: {row!r}."
                )
        return cls([source for source, _ in rows], [target for _, target in rows])

    @cached_property
    def references(self) -> list[list[str]]:
        """Every right target of each source."""
        return [[target] for target in self.targets]

    def group(self) -> "Pairs":
        """Returns the pairs with each source once and all its targets as references.

        For evaluation data with several right answers. Sources keep the order in which they
        first stand; so do the references of a source, each distinct one once.
        """
        groups: dict[str, dict[str, None]] = {}
        for source, texts in zip(self.sources, self.references, strict=True):
            groups.setdefault(source, {}).update(dict.fromkeys(texts))
        references = [list(distinct) for distinct in groups.values()]
        return Pairs(groups, [texts[0] for texts in references], references)

    def __len__(self) -> int:
        return len(self.sources)

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...

    @overload
    def __getitem__(self, index: slice) -> "Pairs": ...

    def __getitem__(self, index: int | slice) -> "tuple[str, str] | Pairs":
        if isinstance(index, slice):
            return Pairs(self.sources[index], self.targets[index], self.references[index])
        return self.sources[index], self.targets[index]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.sources, self.targets, strict=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pairs):
            return NotImplemented
        return (self.sources, self.targets, self.references) == (
            other.sources,
            other.targets,
            other.references,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Pairs: {len(self):,}>"


def _is_pair(row: object) -> bool:
    """Whether this is a sequence of two texts: a row of a table by its columns is none."""
    if not isinstance(row, Sequence | np.ndarray) or isinstance(row, str | bytes):
        return False
    return len(row) == 2 and all(isinstance(text, str) for text in row)


def _texts(name: str, texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str | bytes):
        raise TypeError(f"`{name}` must be an iterable of strings. Received: {texts!r}.")
    listed = list(texts)
    for index, text in enumerate(listed):
        if not isinstance(text, str):
            raise TypeError(f"`{name}[{index}]` must be a string. Received: {text!r}.")
    return listed


def _check_equal_lengths(name: str, values: list, sources: list) -> None:
    if len(values) != len(sources):
        raise ValueError(
            f"`{name}` must be as many as `sources`. "
            f"Received: {len(sources)} sources, {len(values)} {name}."
        )


def _check_references(references: list[list[str]], targets: list[str]) -> None:
    for row, (texts, target) in enumerate(zip(references, targets, strict=True)):
        if not texts or texts[0] != target:
            raise ValueError(
                f"`references[{row}]` must begin with its target {target!r}. Received: {texts!r}."
            )
