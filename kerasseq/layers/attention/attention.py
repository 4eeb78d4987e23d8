"""The contract of attention: prepare a source once, then attend to it step by step."""

import abc
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import serialization
from kerasseq.layers.attention.distributions import DISTRIBUTIONS
from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.layers.attention.recording import record
from kerasseq.layers.given_layers import config_of, kept
from kerasseq.layers.loop_products import multiply
from kerasseq.layers.recurrence import scan
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.typing import Shape, State, Tensor


class Attention(SelfCastingLayer):
    """Looks up memory by a query.

    `attention_weights = distribution(score(query, keys))`, `context = attention_weights memory`.

    A score says how well query and key match; a distribution turns a row of scores into weights.
    They are separate choices. Three calls make the contract that decoders and search rely on:

    - `prepare(memory, memory_mask)`, once for a source: a flat list of batch-first tensors,
      `[memory, mask, *keys]`.
    - `initial_past(prepared)`: what attention remembers from step to step, `[]` for most.
    - `attend(query, prepared, past)`: one step for `(rows, units)` queries, or all steps for
      `(batch, target_length, units)`. `rows` is `batch * beams`, the beams of one source side by
      side: they are folded into the axis of queries, so the memory is never repeated for them.

    Nothing is kept on the layer between calls. Scores, distribution and masks are float32.

    A subclass implements `build_score`, `score` and, where keys are not the memory itself, `keys`;
    what remembers also `initial_score_past` and `update_score_past`.

    Args:
        distribution: name of one of `DISTRIBUTIONS`, such as `"softmax"`; a config or a
            `Distribution`.

    Call arguments:
        query: `(batch, target_length, query_size)`.
        memory: `(batch, source_length, memory_size)`.
        memory_mask: boolean `(batch, source_length)`; Keras fills it in from the memory.

    Returns:
        `(context, attention_weights)`: `(batch, target_length, memory_size)` in the compute dtype
        and `(batch, target_length, source_length)` float32, exactly 0 on padding. A row with
        nothing real gives zeros.
    """

    has_units: ClassVar[bool] = False
    """Whether the constructor takes `units`, the size of a hidden layer of the score."""

    score_past_count: ClassVar[int] = 0
    """How many tensors the score remembers from step to step."""

    def __init__(self, distribution: Any = "softmax", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.distribution = kept(distribution)
        self.distribution_layer: Distribution = serialization.get(
            DISTRIBUTIONS, distribution, "distribution", **self.part_options
        )

    def get_config(self) -> dict[str, Any]:
        distribution = config_of(self.distribution, self.distribution_layer)
        return {**super().get_config(), "distribution": distribution}

    def build(
        self, query_shape: Shape, memory_shape: Shape, memory_mask_shape: Shape | None = None
    ) -> None:
        self.build_score(query_shape[-1], memory_shape[-1])
        if not self.distribution_layer.built:
            self.distribution_layer.build((None, None, None), (None, None, query_shape[-1]))
        self.built = True

    @abc.abstractmethod
    def build_score(self, query_size: int, memory_size: int) -> None:
        """Makes the weights of the score; raises if the sizes do not fit."""

    def keys(self, memory: Tensor) -> list[Tensor]:
        """Returns what the score reads of a source, computed once, batch first."""
        return []

    @abc.abstractmethod
    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        """Returns how well each query matches each key.

        Args:
            query: `(batch, queries, query_size)`.
            prepared: what `prepare` gave: `[memory, mask, *keys]`.
            past: the score's own past, each tensor `(batch, queries, ...)`.

        Returns:
            `(batch, queries, source_length)` in any float dtype; the base class casts.
        """

    def initial_score_past(self, mask: Tensor) -> State:
        """Returns what the score remembers before the first step.

        Args:
            mask: boolean `(batch, source_length)`, what of the source is real; symbolic where
                only shapes are asked for, so the past is made from it by operations on it.

        Returns:
            `score_past_count` tensors of shape `(batch, ...)`.
        """
        return []

    def update_score_past(self, attention_weights: Tensor, past: State) -> State:
        """Returns the score's past after a step; tensors are `(batch, queries, ...)`."""
        return []

    def past_before(self, mask: Tensor) -> State:
        """Returns what is remembered before the first step of sources with that mask."""
        return self.initial_score_past(mask) + self.distribution_layer.initial_past(mask)

    def past_spec(self, batch: int | None, source_length: int | None) -> State:
        """Returns symbolic tensors of the shapes of `initial_past`, for shape inference."""
        mask = keras.KerasTensor((batch, source_length), dtype="bool")
        return [
            keras.KerasTensor(tensor.shape, dtype=tensor.dtype) for tensor in self.past_before(mask)
        ]

    @property
    def attends_at_once(self) -> bool:
        """Whether `attend` runs all steps side by side, and not in a loop.

        True where nothing is remembered, or nothing but the number of the step.
        """
        distribution = self.distribution_layer
        counts = distribution.past_count == 0 or distribution.counts_steps
        return self.score_past_count == 0 and counts

    def prepare(self, memory: Tensor, memory_mask: Tensor | None = None) -> list[Tensor]:
        """Computes what is the same at every step: `[memory, mask, *keys]`, batch first."""
        memory = ops.cast(memory, self.compute_dtype)
        if memory_mask is None:
            memory_mask = ops.ones(ops.shape(memory)[:2], "bool")
        return [memory, ops.cast(memory_mask, "bool"), *self.keys(memory)]

    def initial_past(self, prepared: list[Tensor]) -> State:
        """Returns what attention remembers before the first step, `(batch, ...)` tensors."""
        return self.past_before(prepared[1])

    def attend(
        self, query: Tensor, prepared: list[Tensor], past: State
    ) -> tuple[Tensor, Tensor, State]:
        """Attends with one query a row, or with the queries of all steps.

        Args:
            query: `(rows, query_size)`, or `(batch, target_length, query_size)`.
            prepared: what `prepare` gave, of leading size `batch`.
            past: `(rows, ...)` tensors from the step before, or from `initial_past`.

        Returns:
            `(context, attention_weights, past)`: `(rows, memory_size)` and `(rows, source_length)`,
            or both with the axis of `target_length` after the batch.
        """
        if len(query.shape) == 2:
            return self._attend_one(query, prepared, past)
        if not past:
            return self._attend_folded(query, prepared, past)
        if self.attends_at_once:
            return self._attend_by_count(query, prepared, past)
        return self._attend_in_turn(query, prepared, past)

    def call(
        self, query: Tensor, memory: Tensor, memory_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        prepared = self.prepare(memory, memory_mask)
        context, weights, _ = self.attend(query, prepared, self.initial_past(prepared))
        return context, weights

    def _attend_folded(
        self, query: Tensor, prepared: list[Tensor], past: State
    ) -> tuple[Tensor, Tensor, State]:
        """Attends with queries side by side: `(batch, queries, query_size)`, past alike."""
        memory, mask = prepared[:2]
        count = self.score_past_count
        score_past, distribution_past = past[:count], past[count:]
        scores = ops.cast(self.score(query, prepared, score_past), "float32")
        weights, distribution_past = self.distribution_layer.distribute(
            scores, ops.expand_dims(mask, 1), query, distribution_past
        )
        context = multiply(ops.cast(weights, memory.dtype), memory)
        record(self, scores, weights, context)
        return context, weights, self.update_score_past(weights, score_past) + distribution_past

    def _attend_one(
        self, query: Tensor, prepared: list[Tensor], past: State
    ) -> tuple[Tensor, Tensor, State]:
        """Folds the beams of a source into the axis of queries, and unfolds the answers."""
        batch = ops.shape(prepared[1])[0]
        # A size that is known stays an integer: JAX reshapes to nothing else.
        sources = max(batch, 1) if isinstance(batch, int) else ops.maximum(batch, 1)

        def fold(tensor: Tensor) -> Tensor:
            beams = ops.shape(tensor)[0] // sources
            return ops.reshape(tensor, (batch, beams, *ops.shape(tensor)[1:]))

        def unfold(tensor: Tensor) -> Tensor:
            return ops.reshape(tensor, (ops.shape(query)[0], *ops.shape(tensor)[2:]))

        context, weights, past = self._attend_folded(
            fold(query), prepared, [fold(tensor) for tensor in past]
        )
        return unfold(context), unfold(weights), [unfold(tensor) for tensor in past]

    def _attend_by_count(
        self, query: Tensor, prepared: list[Tensor], past: State
    ) -> tuple[Tensor, Tensor, State]:
        """All steps of an attention that remembers the number of the step alone: side by side."""
        (count,) = past
        length = ops.shape(query)[1]
        steps = ops.reshape(
            ops.arange(length, dtype="int32"), (length, *[1] * (len(count.shape) - 1))
        )
        counts = ops.expand_dims(count, 1) + steps  # (batch, target_length, ...)
        context, weights, _ = self._attend_folded(query, prepared, [counts])
        return context, weights, [count + ops.cast(length, "int32")]

    def _attend_in_turn(
        self, query: Tensor, prepared: list[Tensor], past: State
    ) -> tuple[Tensor, Tensor, State]:
        """All steps of an attention that remembers: one after the other."""

        def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
            # That there are no beams is known here, and needs no arithmetic on shapes.
            query, *past = (ops.expand_dims(tensor, 1) for tensor in [*slices, *state])
            *outputs, past = self._attend_folded(query, prepared, past)
            return [ops.squeeze(tensor, 1) for tensor in outputs], [
                ops.squeeze(tensor, 1) for tensor in past
            ]

        memory, mask = prepared[:2]
        context = ops.zeros((ops.shape(memory)[0], memory.shape[-1]), memory.dtype)
        templates = [context, ops.cast(mask, "float32")]
        queries = ops.transpose(query, (1, 0, 2))
        (contexts, weights), past = scan(step, [queries], past, templates)
        return ops.transpose(contexts, (1, 0, 2)), ops.transpose(weights, (1, 0, 2)), past

    def compute_output_spec(
        self, query: Tensor, memory: Tensor, memory_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        batch, target_length = query.shape[:2]
        context = keras.KerasTensor(
            (batch, target_length, memory.shape[-1]), dtype=self.compute_dtype
        )
        weights = keras.KerasTensor((batch, target_length, memory.shape[1]), dtype="float32")
        return context, weights

    def compute_mask(self, query: Tensor, previous_mask: Tensor | None = None) -> list[Any]:
        return [previous_mask, None]

    def _add_kernel(self, name: str, shape: Shape, initializer: Any) -> Any:
        """Makes a weight with an initializer of its own.

        One initializer object gives weights of one shape the same numbers, as if they were tied.
        """
        clone = getattr(initializer, "clone", None)
        return self.add_weight(shape, clone() if clone else initializer, name=name)
