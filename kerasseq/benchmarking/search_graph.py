"""A search as one graph that counts what it computes."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kerasseq import search
from kerasseq.benchmarking.measuring import Span, Stopwatch
from kerasseq.benchmarking.searched_batches import SearchedBatch, Task
from kerasseq.typing import SharedStates, State, Tensor


class Call(NamedTuple):
    """What one call took: time, steps, and the rows that all steps together computed.

    `states` is how many of the rows' states were distinct.
    """

    span: Span
    lengths: np.ndarray
    steps: int
    rows: int
    states: int


class SearchGraph:
    """Ids to hypotheses in one graph for all batches, which counts its steps."""

    def __init__(self, task: Task, method: search.Search) -> None:
        self.task = task
        self.method = method
        self.beams = getattr(method, "num_beams", 1)
        self.counts = tf.Variable([0, 0, 0], dtype=tf.int32)
        self.run = tf.function(
            self._search,
            input_signature=[
                tf.TensorSpec([None, None], tf.int32),
                tf.TensorSpec([None], tf.int32),
            ],
            autograph=False,
        )

    def _search(self, source_ids: Tensor, max_lengths: Tensor) -> tuple[Tensor, Tensor]:
        longest = tf.reduce_max(max_lengths)
        step, state, mask = self.task.network.start_search(source_ids, longest)
        counted = CountedStep(step, self.counts)
        width = tf.shape(source_ids)[1]
        result = self.method(counted, state, max_lengths, width, source_mask=mask)
        return result.token_ids[:, 0], result.lengths[:, 0]

    def call(self, batch: SearchedBatch) -> Call:
        """Searches a batch."""
        source_ids, max_lengths = tf.constant(batch.source_ids), tf.constant(batch.max_lengths)
        self.counts.assign([0, 0, 0])
        watch = Stopwatch()
        token_ids, lengths = self.run(source_ids, max_lengths)
        token_ids.numpy()
        span = watch.read()
        return Call(span, lengths.numpy(), *map(int, self.counts.numpy()))


class CountedStep:
    """A step that counts, in the graph, its calls, their rows, and those with states of their own.

    Args:
        step: the step of a network.
        counts: what is counted, three numbers.
        shared: which rows have equal states, if any do.
    """

    def __init__(self, step: Any, counts: tf.Variable, shared: SharedStates | None = None) -> None:
        self.step = step
        self.counts = counts
        self.shared = shared
        self.prepared = getattr(step, "prepared", None)
        self.shares_states = step.shares_states

    def bind(self, prepared: list[Tensor]) -> "CountedStep":
        """Returns the step of other sources."""
        return CountedStep(self.step.bind(prepared), self.counts)

    def sharing(self, shared: SharedStates) -> "CountedStep":
        """Returns the step of rows that share states."""
        return CountedStep(self.step.sharing(shared), self.counts, shared)

    def __call__(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        return self._count(self.step, token_ids, state)

    def logits(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """The step, its log probabilities not normalised."""
        return self._count(self.step.logits, token_ids, state)

    def _count(self, step: Any, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        rows = tf.shape(token_ids)[0]
        states = rows if self.shared is None else tf.size(self.shared.distinct)
        self.counts.assign_add([1, rows, states])
        return step(token_ids, state)
