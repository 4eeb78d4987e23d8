"""Wirings: in which order a decoder's cells and its attention run within a step.

The attending layer, the first or the top one, is the layer whose state is the query; the layers
above it read the context beside the output below.
"""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from keras import ops

from kerasseq.layers.cells.cell_stack import bind_fed, climb, is_residual
from kerasseq.layers.cells.recurrent_cell import CellStep, RecurrentCell
from kerasseq.typing import SharedStates, State, Tensor

Attend = Callable[[Tensor, State], tuple[Tensor, Tensor, State]]
"""`attend(query, past) -> (context, attention_weights, past)`."""


class CellsInLoop:
    """The cells that run within the loop, their weights read once.

    Args:
        cells: all cells of the decoder, from the lowest.
        layers: indices of those in the loop, at least one.
        known_size: how many columns of the lowest one's input are known before the loop.
        recurrent_factors: for each cell its recurrent dropout, or `None`; the last entry is that
            of the second cell.
        residual_from: the first layer that adds its input to its output, or `None`.
        second_cell: what reads the context after the attending cell, or `None`.
        fed_back: columns of the lowest one's input that are the output of the step before, where
            rows may share it; none if they never do.
    """

    def __init__(
        self,
        cells: Sequence[RecurrentCell],
        layers: range,
        known_size: int,
        recurrent_factors: Sequence[Tensor | None],
        residual_from: int | None,
        second_cell: RecurrentCell | None,
        fed_back: range = range(0),
    ) -> None:
        lowest, *upper = layers
        self.layers = layers
        self.residual_from = residual_from
        apart: dict[str, Any] = {"fed_back": fed_back} if fed_back else {}
        self.lowest_step: CellStep = cells[lowest].bind(
            known_size, recurrent_factors[lowest], **apart
        )
        self.upper_steps = {
            layer: bind_fed(cells[layer], recurrent_factors[layer]) for layer in upper
        }
        if second_cell is not None:
            self.second_step = bind_fed(second_cell, recurrent_factors[-1])


class CellsAtStep:
    """The cells in one step of the loop; `states`, by layer, become the new ones as they run.

    Args:
        cells: the bound cells.
        states: the state of each layer in the loop.
        projected: the known part of the lowest one's input product.
        factors: dropout factors of the input of a layer, by its index.
        shared: which rows continue equal states, if any do.
        fed_back: the output of the step before, if it is not among what is fed.
    """

    def __init__(
        self,
        cells: CellsInLoop,
        states: Mapping[int, State],
        projected: Tensor,
        factors: Mapping[int, Tensor],
        shared: SharedStates | None = None,
        fed_back: Tensor | None = None,
    ) -> None:
        self.cells = cells
        self.states = dict(states)
        self.projected = projected
        self.factors = factors
        self.sharing: dict[str, Any] = {} if shared is None else {"shared": shared}
        self.fed_back: dict[str, Any] = {} if fed_back is None else {"fed_back": fed_back}

    @property
    def lowest(self) -> int:
        return self.cells.layers.start

    @property
    def stop(self) -> int:
        return self.cells.layers.stop

    def run_lowest(self, fed: Tensor | None) -> Tensor:
        """Runs the lowest layer of the loop on what is known and what is fed."""
        step, layer = self.cells.lowest_step, self.lowest
        output, self.states[layer] = step(
            self.projected, fed, self.states[layer], **self.sharing, **self.fed_back
        )
        return output

    def run_upper(self, layer: int, inputs: Tensor) -> Tensor:
        """Runs a layer above the lowest."""
        step = self.cells.upper_steps[layer]
        output, self.states[layer] = step(inputs, self.states[layer], **self.sharing)
        return output

    def run_second(self, layer: int, context: Tensor) -> Tensor:
        """Runs the second cell of the attending layer, which goes on from the first one's state."""
        output, self.states[layer] = self.cells.second_step(context, self.states[layer])
        return output

    def climb(self, start: int, stop: int, below: Tensor, context: Tensor | None = None) -> Tensor:
        """Runs the layers from `start` on, below `stop`, one above the other."""
        residual_from = self.cells.residual_from
        return climb(
            self.run_upper, range(start, stop), below, self.factors, residual_from, context
        )


class Advance(NamedTuple):
    """What a step gives before the readout."""

    hidden: Tensor
    context: Tensor
    attention_weights: Tensor
    past: State


class Wiring(abc.ABC):
    """The order of cells and attention within a step; its members have no state."""

    lowest_reads_context: ClassVar[bool] = False
    """Whether the context is among the inputs of the lowest cell."""

    has_second_cell: ClassVar[bool] = False
    """Whether the attending layer has a second cell, which reads the context."""

    looks_back: ClassVar[bool] = False
    """Whether the query is the state of the step before, and not the output of this step."""

    @abc.abstractmethod
    def layers_in_loop(self, attending: int) -> range:
        """Returns the layers that wait for the attention of their own step or the step before.

        This is without input feeding; with it, all do. The layers below run before the loop and
        those above after it, each over the whole target; if there are none, attention too leaves
        the loop.
        """

    @abc.abstractmethod
    def advance(
        self, step: CellsAtStep, fed: Tensor | None, past: State, attend: Attend, attending: int
    ) -> Advance:
        """Runs one step.

        Args:
            step: the cells; their states are replaced.
            fed: what `run_lowest` is to be given, besides a context; opaque, since what of the
                lowest cell's input is known before the step differs from case to case.
            past: what attention remembers.
            attend: the attention, bound to a source.
            attending: index of the attending layer.
        """


class LuongWiring(Wiring):
    """The cell runs, then attends: `c_t` from `s_t = f(s_{t-1}, y_{t-1})` (Luong et al. 2015)."""

    def layers_in_loop(self, attending: int) -> range:
        return range(attending + 1, attending + 1)

    def advance(
        self, step: CellsAtStep, fed: Tensor | None, past: State, attend: Attend, attending: int
    ) -> Advance:
        hidden = step.run_lowest(fed)
        hidden = step.climb(step.lowest + 1, attending + 1, hidden)
        context, weights, past = attend(hidden, past)
        hidden = step.climb(attending + 1, step.stop, hidden, context)
        return Advance(hidden, context, weights, past)


class BahdanauWiring(Wiring):
    """It attends with the state before: `s_t = f(s_{t-1}, y_{t-1}, c_t)`, `c_t` from `s_{t-1}`.

    (Bahdanau et al. 2015; with the first layer attending, Wu et al. 2016.)
    """

    lowest_reads_context: ClassVar[bool] = True
    looks_back: ClassVar[bool] = True

    def layers_in_loop(self, attending: int) -> range:
        return range(attending + 1)

    def advance(
        self, step: CellsAtStep, fed: Tensor | None, past: State, attend: Attend, attending: int
    ) -> Advance:
        context, weights, past = attend(step.states[attending][0], past)
        hidden = step.run_lowest(join_fed(fed, context))
        hidden = step.climb(1, attending + 1, hidden)
        hidden = step.climb(attending + 1, step.stop, hidden, context)
        return Advance(hidden, context, weights, past)


class ConditionalWiring(Wiring):
    """Two cells, and attention between them: the conditional GRU of Nematus, for any cell.

    `s' = f_1(s_{t-1}, y_{t-1})`, `c_t` from `s'`, `s_t = f_2(s', c_t)` (Sennrich et al. 2017).
    """

    has_second_cell: ClassVar[bool] = True

    def layers_in_loop(self, attending: int) -> range:
        return range(attending, attending + 1)

    def advance(
        self, step: CellsAtStep, fed: Tensor | None, past: State, attend: Attend, attending: int
    ) -> Advance:
        hidden, below = step.run_lowest(fed), None
        if attending > step.lowest:
            below = step.climb(step.lowest + 1, attending, hidden)
            hidden = climb(step.run_upper, [attending], below, step.factors, None)
        context, weights, past = attend(hidden, past)
        hidden = step.run_second(attending, context)
        if below is not None and is_residual(attending, step.cells.residual_from):
            hidden = hidden + below
        hidden = step.climb(attending + 1, step.stop, hidden, context)
        return Advance(hidden, context, weights, past)


def join_fed(fed: Tensor | None, context: Tensor) -> Tensor:
    """What the cell is fed in the loop: the output of the step before, if any, and the context."""
    if fed is None:
        return context
    return ops.concatenate([ops.cast(fed, context.dtype), context], axis=-1)


WIRINGS: dict[str, type[Wiring]] = {
    "bahdanau": BahdanauWiring,
    "conditional": ConditionalWiring,
    "luong": LuongWiring,
}
