"""Lets a caller see what attention computes on its way, for pictures of it.

Nothing is kept on a layer: whoever wants to see opens `recorded_attention`, runs steps eagerly and
reads what they left. Nobody listens in training or search, and then it costs nothing.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple

from keras import ops

from kerasseq.typing import Tensor


class AttentionRecord(NamedTuple):
    """One call of an attention.

    Attributes:
        layer: the `Attention`.
        scores: `(batch, heads, queries, memory_length)` float32, before the distribution.
        attention_weights: of the same shape, after it.
        context: `(batch, queries, size)`.
    """

    layer: Any
    scores: Tensor
    attention_weights: Tensor
    context: Tensor


_listener: ContextVar[list[AttentionRecord] | None] = ContextVar("attention", default=None)


@contextlib.contextmanager
def recorded_attention() -> Iterator[list[AttentionRecord]]:
    """Yields the list to which every attention adds what it computes within the context.

    Run eagerly: a graph would leave its own symbols in it.
    """
    records: list[AttentionRecord] = []
    token = _listener.set(records)
    try:
        yield records
    finally:
        _listener.reset(token)


def record(layer: Any, scores: Tensor, attention_weights: Tensor, context: Tensor) -> None:
    """Shows what an attention computed to whoever listens.

    Args:
        layer: the attention.
        scores: `(batch, heads * queries, memory_length)`.
        attention_weights: the same, or `(batch, heads, queries, memory_length)`.
        context: `(batch, queries, size)`.
    """
    records = _listener.get()
    if records is None:
        return
    if len(attention_weights.shape) == 3:
        attention_weights = ops.expand_dims(attention_weights, 1)
    scores = ops.reshape(scores, ops.shape(attention_weights))
    records.append(AttentionRecord(layer, scores, attention_weights, context))
