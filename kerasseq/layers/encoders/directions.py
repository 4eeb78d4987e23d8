"""One layer of an encoder: a cell that reads forward, and perhaps one that reads backward."""

from collections.abc import Callable, Sequence

from keras import ops

from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.cells.run_over_time import run_over_time
from kerasseq.typing import State, Tensor


def run_directions(
    cells: Sequence[RecurrentCell],
    inputs: Tensor,
    mask: Tensor | None,
    draw: Callable[[], Tensor | None],
    training: bool | None = False,
) -> tuple[Tensor, State]:
    """Runs the first cell from left to right and the second, if there is one, back.

    Args:
        cells: one or two.
        inputs: `(source_length, batch, size)`.
        mask: boolean `(source_length, batch)`, or `None`.
        draw: gives the recurrent dropout of a cell, or `None`.
        training: whether gradients will be wanted.

    Returns:
        `(outputs, state)`: `(source_length, batch, width)` and the last states, both directions
        side by side in each.
    """
    rows = ops.shape(inputs)[1]
    runs = [
        run_over_time(
            cell,
            inputs,
            cell.initial_state(rows),
            mask,
            reverse=direction == 1,
            recurrent_dropout=draw(),
            training=training,
        )
        for direction, cell in enumerate(cells)
    ]
    if len(runs) == 1:
        return runs[0]
    outputs, states = zip(*runs, strict=True)
    joined = [ops.concatenate(pair, axis=-1) for pair in zip(*states, strict=True)]
    return ops.concatenate(outputs, axis=-1), joined
