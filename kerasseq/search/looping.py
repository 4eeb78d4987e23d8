"""The one loop of a search: step while any row runs."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import keras
from keras import ops

from kerasseq.search.buffers import like
from kerasseq.search.live_sources import LiveSources
from kerasseq.typing import State, Tensor


class Carried(Protocol):
    """A `NamedTuple` of tensors, lists and named tuples of tensors."""

    @property
    def running(self) -> Tensor:
        """`(rows,)` boolean, where the search goes on."""

    @property
    def state(self) -> State:
        """The step's state, of the live sources."""

    @property
    def live(self) -> LiveSources:
        """The sources that the step computes."""


Carry = TypeVar("Carry", bound=Carried)


def repeat_while_running(
    step: Callable[[Carry], Carry],
    first: Carry,
    runs: Callable[[Carry], Tensor] = lambda carried: carried.running,
) -> Carry:
    """Returns what `step`, applied again and again, leaves when nothing runs any more.

    One loop within another: the inner one steps, until enough sources have ended that the outer
    one leaves them out.

    Args:
        step: from what is carried to the same, one step later: types and sizes stay.
        first: what is carried into the first step.
        runs: which sources run, `(batch,)` boolean, of what is carried.
    """
    if not first.live.places:
        return _repeat(step, first, lambda carried: ops.any(carried.running))

    def run_and_drop(carried: Carry) -> Carry:
        carried = _repeat(step, carried, lambda now: now.live.mostly_run(runs(now)))
        live, state = carried.live.without_ended(runs(carried), carried.state)
        replaced: Carry = carried._replace(live=live, state=state)  # type: ignore[attr-defined]
        return replaced

    return _repeat(run_and_drop, first, lambda carried: ops.any(carried.running))


def _repeat(
    step: Callable[[Carry], Carry], first: Carry, goes_on: Callable[[Carry], Tensor]
) -> Carry:
    kind: Callable[..., Carry] = type(first)

    def body(*carried: Tensor) -> tuple[Tensor, ...]:
        before = kind(*carried)
        # A graph may know less of a shape after a step than before, which its loop refuses.
        return tuple(keras.tree.map_structure(like, step(before), before))

    def condition(*carried: Tensor) -> Tensor:
        return goes_on(kind(*carried))

    return kind(*ops.while_loop(condition, body, tuple(first)))  # type: ignore[arg-type]
