"""The contract of a distribution: a row of scores over the source becomes attention weights."""

import abc
from typing import Any, ClassVar

import keras

from kerasseq.typing import Shape, State, Tensor


class Distribution(keras.layers.Layer, abc.ABC):
    """Turns scores into weights: non-negative, and exactly 0 where the mask is `False`.

    A member that remembers (monotonic attention, windows that move) says how many tensors in
    `past_count` and what they are before the first step in `initial_past`.
    """

    past_count: ClassVar[int] = 0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})

    def build(self, query_shape: Shape) -> None:
        self.built = True

    def initial_past(self, mask: Tensor) -> State:
        """Returns what is remembered before the first step.

        Args:
            mask: boolean `(batch, source_length)`, what of the source is real.

        Returns:
            `past_count` tensors of shape `(batch, ...)`.
        """
        return []

    @abc.abstractmethod
    def distribute(
        self, scores: Tensor, mask: Tensor, query: Tensor, past: State
    ) -> tuple[Tensor, State]:
        """Returns `(attention_weights, past)`.

        Args:
            scores: `(batch, queries, source_length)` float32.
            mask: boolean `(batch, 1, source_length)`.
            query: `(batch, queries, query_size)`.
            past: `(batch, queries, ...)` tensors from the step before.
        """

    def call(self, scores: Tensor, mask: Tensor, query: Tensor) -> Tensor:
        return self.distribute(scores, mask, query, [])[0]
