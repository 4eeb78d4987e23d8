"""The contract of a distribution: a row of scores over the source becomes attention weights."""

import abc
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.typing import Shape, State, Tensor


class Distribution(SelfCastingLayer):
    """Turns scores into weights: non-negative, and exactly 0 where the mask is `False`.

    A row with nothing real gives zeros. All is computed in float32.

    A member that remembers (monotonic attention, windows that move) says how many tensors in
    `past_count` and what they are before the first step in `initial_past`.

    Call arguments:
        scores: `(batch, queries, source_length)` float32.
        mask: boolean `(batch, 1, source_length)`.
        query: `(batch, queries, query_size)`.

    Returns:
        `(batch, queries, source_length)` float32. A member that remembers takes each query for
        the first step.
    """

    past_count: ClassVar[int] = 0

    counts_steps: ClassVar[bool] = False
    """Whether the past is the number of the step, int32 `(batch,)`, and nothing else: then all
    steps can be attended side by side."""

    sums_to_one: ClassVar[bool] = True
    """Whether the weights of a row with something real always sum to 1, and not to less."""

    def build(self, scores_shape: Shape, query_shape: Shape) -> None:
        self.built = True

    def initial_past(self, mask: Tensor) -> State:
        """Returns what is remembered before the first step.

        Args:
            mask: boolean `(batch, source_length)`, what of the source is real; symbolic where
                only shapes are asked for, so the past is made from it by operations on it.

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
        past = [
            ops.repeat(ops.expand_dims(tensor, 1), ops.shape(scores)[1], axis=1)
            for tensor in self.initial_past(ops.squeeze(mask, 1))
        ]
        return self.distribute(ops.cast(scores, "float32"), mask, query, past)[0]

    def compute_output_spec(self, scores: Tensor, mask: Tensor, query: Tensor) -> Any:
        return keras.KerasTensor(scores.shape, dtype="float32")

    def compute_mask(self, scores: Tensor, previous_mask: Tensor | None = None) -> None:
        """Weights carry no mask: they say themselves what is not real."""
        return
