"""The one loop of a search: step while any source runs."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import keras
from keras import ops

from kerasseq.search.buffers import like
from kerasseq.search.live_sources import LiveSources, all_sources, may_leave
from kerasseq.search.request import Request
from kerasseq.typing import State, Tensor


class Carry(NamedTuple):
    """What goes from step to step.

    Attributes:
        position: scalar int32, how many steps were taken.
        state: the step function's state.
        rows: a named tuple of what each row is at, `(sources * times, ...)` tensors.
        written: a named tuple of what the steps wrote down, `(max_length, batch * times, ...)`
            tensors: of the whole batch, also when only some of it goes on.
    """

    position: Tensor
    state: State
    rows: Any
    written: Any


class SearchStep(Protocol):
    """The step of a search, for all sources or for some."""

    @property
    def request(self) -> Request:
        """What is asked for, of these sources."""

    @property
    def times(self) -> Tensor:
        """How many rows a source has in what is carried, the state apart."""

    def of(self, live: LiveSources) -> "SearchStep":
        """Returns the step of some sources, from that of all."""

    def advance(self, carry: Carry) -> Carry:
        """Returns what is carried one step later: types and sizes stay."""

    def runs(self, rows: Any) -> Tensor:
        """Returns `(sources,)` boolean, of which the search goes on."""


Carried = TypeVar("Carried", bound=tuple[Any, ...])


def repeat_while_running(step: SearchStep, first: Carry) -> Carry:
    """Returns what a step, repeated, leaves when nothing runs any more.

    One loop within another: the inner one steps, until enough sources have ended that the outer
    one leaves them out.

    Args:
        step: the step of all sources.
        first: what is carried into the first step.
    """
    batch = ops.shape(step.runs(first.rows))[0]
    if not may_leave(step.request.step, batch):
        return _repeat(step.advance, first, lambda carry: ops.any(step.runs(carry.rows)))

    def run_and_drop(whole: _Whole) -> _Whole:
        live, carry = whole
        now, rows = step.of(live), live.narrow(carry.rows, step.times)
        after = _repeat(
            now.advance,
            carry._replace(rows=rows),
            lambda carry: live.mostly_run(now.runs(carry.rows)),
        )
        left, state = live.without_ended(now.runs(after.rows), after.state)
        rows = live.put(carry.rows, after.rows, step.times)
        return _Whole(left, after._replace(rows=rows, state=state))

    whole = _Whole(all_sources(step.request.step, batch), first)
    return _repeat(run_and_drop, whole, lambda whole: ops.size(whole.live.places) > 0).carry


class _Whole(NamedTuple):
    """What the outer loop carries: rows of the whole batch, the state of the live sources."""

    live: LiveSources
    carry: Carry


def _repeat(
    step: Callable[[Carried], Carried], first: Carried, goes_on: Callable[[Carried], Tensor]
) -> Carried:
    kind: Callable[..., Carried] = type(first)

    def body(*carried: Tensor) -> tuple[Tensor, ...]:
        before = kind(*carried)
        # A graph may know less of a shape after a step than before, which its loop refuses.
        return tuple(keras.tree.map_structure(like, step(before), before))

    def condition(*carried: Tensor) -> Tensor:
        return goes_on(kind(*carried))

    return kind(*ops.while_loop(condition, body, tuple(first)))
