"""Wirings: in which order a decoder's cells and its attention run within a step.

Each is a function that takes the bound parts of a decoder and returns

    advance(projected, fed, states, past, factors)
        -> (hidden, context, attention_weights, states, past)

with `projected` the input product of the lowest cell, `fed` the readout that is fed back or `None`,
`states` the flat cell states, and `factors` the dropout factors between layers.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from kerasseq.layers.cells.cell_stack import RunCells
from kerasseq.typing import State, Tensor

Advance = Callable[..., tuple[Tensor, Tensor, Tensor, State, State]]
Attend = Callable[[Tensor, State], tuple[Tensor, Tensor, State]]


def luong(run_cells: RunCells, attend: Attend, top_hidden: int) -> Advance:
    """The cell runs, then attends: `c_t` from `s_t = f(s_{t-1}, y_{t-1})` (Luong et al. 2015)."""

    def advance(
        projected: Any, fed: Tensor | None, states: State, past: State, factors: Any
    ) -> Any:
        hidden, states = run_cells(projected, fed, states, factors)
        context, weights, past = attend(hidden, past)
        return hidden, context, weights, states, past

    return advance


def bahdanau(run_cells: RunCells, attend: Attend, top_hidden: int) -> Advance:
    """It attends with the state before: `s_t = f(s_{t-1}, y_{t-1}, c_t)`, `c_t` from `s_{t-1}`.

    (Bahdanau et al. 2015.)
    """

    def advance(
        projected: Any, fed: Tensor | None, states: State, past: State, factors: Any
    ) -> Any:
        context, weights, past = attend(states[top_hidden], past)
        hidden, states = run_cells(projected, join_fed(context, fed), states, factors)
        return hidden, context, weights, states, past

    return advance


def join_fed(context: Tensor, fed: Tensor | None) -> Tensor:
    """What the cell is fed in the loop: the readout of the step before, if any, and the context."""
    context = ops.cast(context, "float32")
    return context if fed is None else ops.concatenate([ops.cast(fed, "float32"), context], axis=-1)


WIRINGS: dict[str, Callable[..., Advance]] = {"bahdanau": bahdanau, "luong": luong}
