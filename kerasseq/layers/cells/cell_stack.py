"""Cells above one another: made, built and run as one."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells import get_cell
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.typing import State, Tensor

RunCells = Callable[[Tensor, Tensor | None, State, Sequence[Tensor | None]], tuple[Tensor, State]]


def make_cells(cell: Any, units: int, count: int, name: str, dtype: Any) -> list[RecurrentCell]:
    """Returns `count` cells of one kind.

    Args:
        cell: a name, a config or an object of the family. An object serves as the pattern: every
            cell is a fresh one of its configuration, so that no two layers share weights.
        units: the size of each; an object or config that says otherwise is an error.
        count: how many.
        name: the cells are called `{name}_0`, `{name}_1` and so on.
        dtype: dtype or policy of the cells.

    Raises:
        ValueError: if `cell` is of another size than `units`.
    """
    cells = []
    for index in range(count):
        options = {"units": units, "name": f"{name}_{index}", "dtype": dtype}
        made = get_cell(cell, **options)
        if isinstance(cell, RecurrentCell):
            made = type(cell).from_config({**cell.get_config(), **options})
        if made.units != units:
            raise ValueError(
                f"`cell` must have the `units` of the layer it stands in. "
                f"Received: a cell of {made.units} units in a layer of {units}."
            )
        cells.append(made)
    return cells


def serialize_cell(cell: Any) -> Any:
    """Returns what `get_config` stores for a `cell` argument: the name or config as it came."""
    if isinstance(cell, RecurrentCell):
        return keras.saving.serialize_keras_object(cell)
    return cell


def split_state(cells: Sequence[RecurrentCell], state: State) -> list[State]:
    """Cuts a flat list of states into one list a cell."""
    parts, start = [], 0
    for cell in cells:
        stop = start + len(cell.state_names)
        parts.append(state[start:stop])
        start = stop
    return parts


def is_residual(layer: int, residual_from: int | None) -> bool:
    """Whether the layer of that index adds its input to its output."""
    return residual_from is not None and layer >= residual_from


def bind_cells(
    cells: Sequence[RecurrentCell],
    known_size: int,
    residual_from: int | None = None,
    recurrent_factors: Sequence[Tensor | None] | None = None,
) -> RunCells:
    """Reads the weights of cells above one another once, and returns what runs them for a step.

    The first cell takes `projected` and `fed`; each further one takes the output below. A layer
    with an index of at least `residual_from` adds its input to its output, the lowest never does.

    Args:
        cells: from the lowest to the top.
        known_size: how many input columns of the lowest cell `project` has seen.
        residual_from: the first layer that adds its input to its output, or `None`.
        recurrent_factors: for each cell its recurrent dropout, or `None`.

    Returns:
        `run(projected, fed, states, factors) -> (output, states)`; `factors` are dropout factors
        for the input of each layer above the lowest, `None` where nothing is dropped.
    """
    dropped = recurrent_factors or [None] * len(cells)
    steps = [
        cell.bind(known_size if index == 0 else 0, dropped[index])
        for index, cell in enumerate(cells)
    ]
    # Nothing of an upper cell's input is known before the loop: only its bias remains.
    constants = [cell.project(ops.zeros((1, 0))) for cell in cells[1:]]

    def run(
        projected: Tensor, fed: Tensor | None, states: State, factors: Sequence[Tensor | None]
    ) -> tuple[Tensor, State]:
        parts = split_state(cells, states)
        output, parts[0] = steps[0](projected, fed, parts[0])
        for index in range(1, len(cells)):
            factor = factors[index - 1]
            below = output if factor is None else output * factor
            above, parts[index] = steps[index](constants[index - 1], below, parts[index])
            output = above + output if is_residual(index, residual_from) else above
        return output, [tensor for part in parts for tensor in part]

    return run
