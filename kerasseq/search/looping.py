"""The one loop of a search: step while any row runs."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import keras
from keras import ops

from kerasseq.search.buffers import like
from kerasseq.typing import Tensor


class Carried(Protocol):
    """A `NamedTuple` of tensors, lists and named tuples of tensors, one of them `running`."""

    @property
    def running(self) -> Tensor:
        """`(rows,)` boolean."""


Carry = TypeVar("Carry", bound=Carried)


def repeat_while_running(step: Callable[[Carry], Carry], first: Carry) -> Carry:
    """Returns what `step`, applied again and again, leaves when no row runs any more.

    Args:
        step: from what is carried to the same, one step later: types and sizes stay.
        first: what is carried into the first step.
    """
    kind: Callable[..., Carry] = type(first)

    def body(*carried: Tensor) -> tuple[Tensor, ...]:
        before = kind(*carried)
        # A graph may know less of a shape after a step than before, which its loop refuses.
        return tuple(keras.tree.map_structure(like, step(before), before))

    def runs(*carried: Tensor) -> Tensor:
        return ops.any(kind(*carried).running)

    return kind(*ops.while_loop(runs, body, tuple(first)))  # type: ignore[arg-type]
