"""Beams of one parent continue one state, and a step need not multiply it by its weights twice.

Of five beams on Multi30k three have a parent of their own, and the products of the state, a third
of those of a step with a vocabulary of 8,000, are computed for them alone.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from kerasseq.search.gathering import take
from kerasseq.typing import StepFunction, Tensor


class EqualStates(NamedTuple):
    """Rows with equal states; see `kerasseq.typing.SharedStates`.

    Attributes:
        distinct: `(states,)` int32, for each distinct state the first row that continues it.
        places: `(rows,)` int32, for each row the place of its state among the distinct ones.
    """

    distinct: Tensor
    places: Tensor

    def once(self, compute: Callable[[Tensor], Tensor], state: Tensor) -> Tensor:
        """Returns `compute(state)`, computed once for the rows that are equal."""
        return take(compute(take(state, self.distinct)), self.places)


def can_share(step: StepFunction) -> bool:
    """Whether a step makes use of rows that share states."""
    return bool(getattr(step, "shares_states", False))


def first_twins(parents: Tensor) -> Tensor:
    """Returns for each beam the first one of the same parent, `(batch, beams)` int32 as given."""
    same = ops.equal(parents[:, :, None], parents[:, None, :])  # (batch, beams, beams)
    return ops.cast(ops.top_k(ops.cast(same, "int32"), 1)[1][..., 0], "int32")


def equal_states(twins: Tensor) -> EqualStates:
    """Returns what `first_twins` says, for rows that stand side by side.

    Args:
        twins: `(batch, times)` int32.
    """
    times = ops.shape(twins)[1]
    first_rows = ops.arange(ops.shape(twins)[0], dtype="int32")[:, None] * times
    is_first = ops.reshape(twins == ops.arange(times, dtype="int32"), (-1,))  # (rows,)
    place = ops.cumsum(ops.cast(is_first, "int32")) - 1
    return EqualStates(
        ops.cast(ops.nonzero(is_first)[0], "int32"),
        take(place, ops.reshape(first_rows + twins, (-1,))),
    )
