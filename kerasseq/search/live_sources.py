"""Sources that have ended leave the step, so that a batch costs what its outputs cost.

The outputs of a batch end at different steps, the last long after most: of 64 captions two
fifths of the rows that a step computed were of outputs that had ended. What the loop carries for
the result stays as it was; the step's own state, and what the step reads of the sources, shrink.
"""

from typing import NamedTuple

from keras import ops

from kerasseq.typing import State, StepFunction, Tensor

LARGEST_SHARE = 0.8  # of sources that run: copying what is left then saves more than it costs


class LiveSources(NamedTuple):
    """The sources that a step computes.

    All are empty if that is all of them to the end: if the step does not say what it reads of
    its sources, or if sizes cannot change, since they are known before the loop.

    Attributes:
        places: `[(live,)]` int32, their places in the batch.
        rows: `[(live * times,)]` int32, those of their rows that the step computes, as many of
            each source.
        prepared: what the step reads of them, `(live, ...)` tensors.
    """

    places: list[Tensor]
    rows: list[Tensor]
    prepared: list[Tensor]

    def bind(self, step: StepFunction) -> StepFunction:
        """Returns the step of these sources."""
        return step.bind(self.prepared) if self.places else step  # type: ignore[attr-defined]

    def narrow(self, tensor: Tensor) -> Tensor:
        """Returns these sources' rows of a tensor that has all rows."""
        return ops.take(tensor, self.rows[0], axis=0) if self.rows else tensor

    def widen(self, tensor: Tensor, count: Tensor) -> Tensor:
        """Returns all `count` rows of a tensor that has these sources' rows, the others zero."""
        if not self.rows:
            return tensor
        shape = (count, *ops.shape(tensor)[1:])
        return ops.scatter(ops.expand_dims(self.rows[0], -1), tensor, shape)

    def with_first_rows(self, count: int, times: int) -> "LiveSources":
        """Returns these sources with the first `count` of the `times` rows that each has."""
        if not self.places:
            return self
        first = self.places[0][:, None] * times + ops.arange(count, dtype="int32")
        return self._replace(rows=[ops.reshape(first, (-1,))])

    def mostly_run(self, running: Tensor) -> Tensor:
        """Returns whether enough of them run; `running` is `(batch,)` boolean."""
        runs = ops.sum(ops.cast(running, "float32"))
        return runs > LARGEST_SHARE * ops.cast(ops.size(self.places[0]), "float32")

    def without_ended(self, running: Tensor, state: State) -> tuple["LiveSources", State]:
        """Returns those that run, and their state.

        Args:
            running: `(batch,)` boolean.
            state: `(live * times, ...)` tensors.
        """
        (places,), (rows,), prepared = self
        kept = _where(ops.take(running, places, axis=0))
        times = ops.size(rows) // ops.maximum(ops.size(places), 1)
        kept_rows = ops.reshape(kept[:, None] * times + ops.arange(times, dtype="int32"), (-1,))
        live = LiveSources(
            [ops.take(places, kept, axis=0)],
            [ops.take(rows, kept_rows, axis=0)],
            [ops.take(tensor, kept, axis=0) for tensor in prepared],
        )
        return live, [ops.take(tensor, kept_rows, axis=0) for tensor in state]


def first_live_sources(step: StepFunction, rows: Tensor, times: Tensor) -> LiveSources:
    """Returns all sources of a batch, with all of their rows.

    Args:
        step: the step function.
        rows: how many rows there are.
        times: rows a source.
    """
    prepared = getattr(step, "prepared", None)
    if prepared is None or isinstance(rows, int):
        return LiveSources([], [], [])
    places = ops.arange(rows // times, dtype="int32")
    return LiveSources([places], [ops.arange(rows, dtype="int32")], list(prepared))


def _where(chosen: Tensor) -> Tensor:
    return ops.cast(ops.nonzero(chosen)[0], "int32")
