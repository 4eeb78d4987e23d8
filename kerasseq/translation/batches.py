"""Python strings -> batches of tensors, and the answers back in their order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import tensorflow as tf

from kerasseq import checks
from kerasseq.translation.side_by_side import side_by_side
from kerasseq.typing import Tensor

Answer = TypeVar("Answer")


def check_texts(name: str, texts: Any) -> list[str]:
    """Returns a sequence of texts as a list of `str` that have a UTF-8.

    Bytes that are not UTF-8, and surrogates alone, become U+FFFD, as in the graph.

    Args:
        name: what the caller calls the argument.
        texts: strings or bytes.

    Raises:
        TypeError: if it is a bare string, or holds what is no string.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(
            f"`{name}` must be a sequence of strings. Received: a bare string. "
            "Pass a list: `[text]`."
        )
    return [_as_text(name, text) for text in texts]


def check_pairs(name: str, pairs: Iterable[Any]) -> tuple[list[str], list[str]]:
    """Returns the sources and the targets of `(source, target)` pairs.

    Raises:
        TypeError: if an element is no pair of strings.
    """
    sources, targets = [], []
    for pair in pairs:
        if isinstance(pair, str | bytes) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise TypeError(
                f"`{name}` must be a sequence of (source, target) pairs. "
                f"Received an element: {pair!r}."
            )
        sources.append(_as_text(name, pair[0]))
        targets.append(_as_text(name, pair[1]))
    return sources, targets


def check_equal_lengths(
    name: str, values: Sequence[Any], other: str, others: Sequence[Any]
) -> None:
    """Raises unless both sequences are of one length."""
    if len(values) != len(others):
        raise ValueError(
            f"`{name}` must be as many as `{other}`. "
            f"Received: {len(values)} {name}, {len(others)} {other}."
        )


def in_batches(
    columns: Sequence[list[str]],
    batch_size: int,
    graph: Any,
    read: Callable[..., Iterable[Answer]],
) -> list[Answer]:
    """Returns the answers of a graph to each row, in the order of the rows.

    Texts of about one length share a batch, so that little is spent on padding.

    Args:
        columns: one list of texts for each argument of `graph`, all of one length.
        batch_size: how many rows are a batch.
        graph: a `tf.function` of `(batch,)` string tensors, one a column.
        read: from these tensors and what the graph gave to one answer a row.
    """
    checks.check_positive_integer("batch_size", batch_size)
    rows = list(zip(*columns, strict=True))
    order = sorted(range(len(rows)), key=lambda row: [len(text) for text in rows[row]])

    def answer(batch: list[int]) -> list[Answer]:
        tensors = [as_tensor([column[row] for row in batch]) for column in columns]
        return list(read(*tensors, graph(*tensors)))

    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    answers: dict[int, Answer] = {}
    for batch, found in zip(batches, side_by_side(answer, batches, graph), strict=True):
        answers.update(zip(batch, found, strict=True))
    return [answers[row] for row in range(len(rows))]


def as_tensor(texts: Sequence[str]) -> Tensor:
    """Returns `(batch,)` strings."""
    return tf.constant([text.encode() for text in texts], tf.string)


def _as_text(name: str, text: Any) -> str:
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    if not isinstance(text, str):
        raise TypeError(
            f"`{name}` must be a sequence of strings. Received an element: {text!r} of "
            f"{type(text).__name__}."
        )
    try:
        text.encode()
    except UnicodeEncodeError:  # UTF-16 is where surrogates have a meaning
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
