"""Cells above one another: made, and run one above the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import cells as family
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.given_layers import serialize_alone
from kerasseq.typing import State, Tensor

RunLayer = Callable[[int, Tensor], Tensor]
"""`run_layer(layer, inputs) -> output`, of one step or of all steps."""


def make_cells(
    cell: Any, units: int, count: int, name: str, shared: Mapping[str, Any]
) -> list[RecurrentCell]:
    """Returns `count` cells of one kind.

    Args:
        cell: a name, a config or an object of the family, or a cell of Keras. An object serves as
            the pattern: every cell is a fresh one of its configuration, so that no two layers
            share weights.
        units: the size of each; an object or config that says otherwise is an error.
        count: how many.
        name: the cells are called `{name}_0`, `{name}_1` and so on.
        shared: further arguments of all of them: `dtype`, and `trainable` if it is false.

    Raises:
        ValueError: if `cell` is of another size than `units`.
    """
    return [
        _make_cell(cell, {"units": units, "name": f"{name}_{index}", **shared})
        for index in range(count)
    ]


def _make_cell(cell: Any, options: dict[str, Any]) -> RecurrentCell:
    pattern = get_pattern(cell, **options)
    if isinstance(cell, str):
        return pattern
    return type(pattern).from_config({**pattern.get_config(), **options})


def get_pattern(cell: Any, units: int, **options: Any) -> RecurrentCell:
    """Returns the cell that a `cell` argument names, describes or is.

    Args:
        cell: a name, a config or an object of the family, or a cell of Keras.
        units: its size.
        **options: further arguments, where it is made here.

    Raises:
        ValueError: if it is of another size.
    """
    pattern = family.get_cell(cell, units=units, **options)
    if pattern.units != units:
        raise ValueError(
            f"`cell` must have the `units` of the layer it stands in. Received: a cell of "
            f"{pattern.units} units in a layer of {units}."
        )
    return pattern


def serialize_cell(cell: Any) -> Any:
    """Returns what `get_config` stores for a `cell` argument: the name or config as it came."""
    return serialize_alone(cell) if isinstance(cell, keras.layers.Layer) else cell


def keep_pattern(layer: keras.layers.Layer, cell: Any) -> None:
    """Sets `layer.cell`, which `get_config` reads, without making it a part of the layer.

    Keras would count the weights of a pattern among the layer's, and never train them.
    """
    object.__setattr__(layer, "cell", cell)


def check_recurrent_dropout(rate: float, cells: Iterable[RecurrentCell]) -> None:
    """Raises unless `recurrent_dropout` is a rate, and 0 where cells cannot drop their state."""
    checks.check_rate("recurrent_dropout", rate)
    for cell in cells:
        if rate and not cell.drops_state:
            raise ValueError(
                "`recurrent_dropout` must be 0 with a cell of Keras, whose recurrent product is "
                f"its own. Received: {rate}. Use `dropout`, or a cell of this package."
            )


def split_state(cells: Sequence[RecurrentCell], state: State) -> list[State]:
    """Cuts a flat list of states into one list a cell."""
    parts, start = [], 0
    for cell in cells:
        stop = start + len(cell.state_names)
        parts.append(list(state[start:stop]))
        start = stop
    return parts


def join_states(states: Iterable[State]) -> State:
    """Joins one list a cell to a flat list."""
    return [tensor for state in states for tensor in state]


def split_columns(values: Tensor, sizes: Sequence[int]) -> State:
    """Cuts the last axis of `values` into tensors of those sizes."""
    parts, start = [], 0
    for size in sizes:
        parts.append(values[..., start : start + size])
        start += size
    return parts


def is_residual(layer: int, residual_from: int | None) -> bool:
    """Whether the layer of that index adds its input to its output."""
    return residual_from is not None and layer >= residual_from


def climb(
    run_layer: RunLayer,
    layers: Iterable[int],
    below: Tensor,
    factors: Mapping[int, Tensor],
    residual_from: int | None,
    context: Tensor | None = None,
) -> Tensor:
    """Runs layers one above the other, for one step or for all steps.

    Args:
        run_layer: runs the layer of an index.
        layers: their indices, upwards.
        below: what the lowest of them reads.
        factors: dropout factors of the input of a layer, by its index.
        residual_from: the first layer that adds its input to its output, or `None`.
        context: what each of them reads beside the output below.

    Returns:
        The output of the last, or `below` if there is none.
    """
    for layer in layers:
        reads = below * ops.cast(factors[layer], below.dtype) if layer in factors else below
        if context is not None:
            reads = ops.concatenate([reads, ops.cast(context, reads.dtype)], axis=-1)
        above = run_layer(layer, reads)
        below = above + below if is_residual(layer, residual_from) else above
    return below


def bind_fed(
    cell: RecurrentCell, recurrent_dropout: Tensor | None = None
) -> Callable[..., tuple[Tensor, State]]:
    """Reads the weights of a cell all of whose input is known only within the loop.

    Args:
        cell: the cell.
        recurrent_dropout: `(rows, units)` factors on its hidden state, or `None`.

    Returns:
        `step(inputs, state) -> (output, state)`, which takes `shared` if the cell's own does.
    """
    step = cell.bind(0, recurrent_dropout)
    # Nothing of the input is known before the loop: only the bias remains.
    constant = cell.project(ops.zeros((1, 0), cell.compute_dtype))
    return lambda inputs, state, **shared: step(constant, inputs, state, **shared)


def check_residual_from(residual_from: int | None, num_layers: int, minimum: int) -> None:
    """Raises unless `residual_from` is `None` or a layer from `minimum` to the top."""
    if residual_from is None:
        return
    checks.check_integer("residual_from", residual_from, minimum=minimum)
    if residual_from >= num_layers:
        raise ValueError(
            f"`residual_from` must be a layer below `num_layers={num_layers}`, counted from 0. "
            f"Received: {residual_from}."
        )
