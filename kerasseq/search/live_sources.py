"""Sources that have ended leave the step, so that a batch costs what its outputs cost.

The outputs of a batch end at different steps, the last long after most: of 64 captions two
fifths of the rows that a step computed were of outputs that had ended. So the loop goes on with
those that run, and what it carried of the others waits outside.
"""

from typing import NamedTuple, TypeVar

import keras
from keras import ops

from kerasseq.search.gathering import take
from kerasseq.typing import State, StepFunction, Tensor

LARGEST_SHARE = 0.8  # of sources that run: copying what is left then saves more than it costs

Rows = TypeVar("Rows")


class LiveSources(NamedTuple):
    """The sources that a step computes.

    Attributes:
        places: `(live,)` int32, their places in the batch.
        prepared: what the step reads of them, `(live, ...)` tensors.
    """

    places: Tensor
    prepared: list[Tensor]

    def rows(self, times: Tensor) -> Tensor:
        """Returns `(live * times,)` int32, their places where a source has so many rows."""
        return rows_of(self.places, times)

    def narrow(self, whole: Rows, times: Tensor) -> Rows:
        """Returns these sources' rows of tensors that have `times` rows for each of the batch."""
        rows = self.rows(times)
        narrowed: Rows = keras.tree.map_structure(lambda tensor: take(tensor, rows), whole)
        return narrowed

    def put(self, whole: Rows, narrowed: Rows, times: Tensor) -> Rows:
        """Returns `whole` with these sources' rows as they are in `narrowed`."""
        rows = self.rows(times)[:, None]
        merged: Rows = keras.tree.map_structure(
            lambda every, some: ops.scatter_update(every, rows, some), whole, narrowed
        )
        return merged

    def mostly_run(self, running: Tensor) -> Tensor:
        """Returns whether enough of them run; `running` is `(live,)` boolean."""
        runs = ops.sum(ops.cast(running, "float32"))
        return runs > LARGEST_SHARE * ops.cast(ops.size(running), "float32")

    def without_ended(self, running: Tensor, state: State) -> tuple["LiveSources", State]:
        """Returns those that run, and their state.

        Args:
            running: `(live,)` boolean.
            state: tensors of any number of rows a source, the same for all of them.
        """
        kept = ops.cast(ops.nonzero(running)[0], "int32")
        live = LiveSources(take(self.places, kept), [take(each, kept) for each in self.prepared])
        if not state:
            return live, []
        times = ops.shape(state[0])[0] // ops.maximum(ops.size(running), 1)
        rows = rows_of(kept, times)
        return live, [take(tensor, rows) for tensor in state]


def rows_of(places: Tensor, times: Tensor) -> Tensor:
    """Returns the rows of some sources, `times` each: `(sources * times,)` int32."""
    if isinstance(times, int) and times == 1:
        return places
    return ops.reshape(places[:, None] * times + ops.arange(times, dtype="int32"), (-1,))


def may_leave(step: StepFunction, batch: Tensor) -> bool:
    """Whether sources can leave a step: it must say what it reads of them, and sizes may change.

    Args:
        step: the step function.
        batch: how many sources there are; a Python number if that is known before the loop.
    """
    return getattr(step, "prepared", None) is not None and not isinstance(batch, int)


def all_sources(step: StepFunction, batch: Tensor) -> LiveSources:
    """Returns all sources of a batch, of a step that they may leave."""
    prepared = list(step.prepared)  # type: ignore[attr-defined]
    return LiveSources(ops.arange(batch, dtype="int32"), prepared)
