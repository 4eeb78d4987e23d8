"""One cell over a whole sequence: its input products before the loop, all at once."""

from keras import ops

from kerasseq.layers import masking
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.recurrence import scan
from kerasseq.typing import State, Tensor


def run_over_time(
    cell: RecurrentCell,
    inputs: Tensor,
    state: State,
    mask: Tensor | None = None,
    reverse: bool = False,
    recurrent_dropout: Tensor | None = None,
    constant: Tensor | None = None,
    training: bool | None = False,
) -> tuple[Tensor, State]:
    """Runs a cell over the first axis of `inputs`.

    Args:
        cell: the cell.
        inputs: `(time, rows, size)`.
        state: list of `(rows, size)` float32 tensors.
        mask: boolean `(time, rows)`; where it is `False`, the state stays as it was.
        reverse: run from the last step to the first; outputs stay in the order of the inputs.
        recurrent_dropout: `(rows, units)` factors on the hidden state, or `None`.
        constant: `(rows, constant_size)`, what the cell reads after the inputs, the same at every
            step; or `None`.
        training: whether gradients will be wanted.

    Returns:
        `(outputs, state)`: `(time, rows, units)` in the compute dtype, and the last state.
    """
    known_size = inputs.shape[-1] + (0 if constant is None else constant.shape[-1])
    cell_step = cell.bind(known_size, recurrent_dropout)

    def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
        output, new_state = cell_step(slices[0], None, state)
        if mask is not None:
            new_state = masking.keep_where(slices[1], new_state, state)
        return [ops.cast(output, cell.compute_dtype)], new_state

    sequences = [cell.project(inputs, constant)] + ([] if mask is None else [mask])
    template = ops.zeros((ops.shape(inputs)[1], cell.units), cell.compute_dtype)
    outputs, state = scan(step, sequences, state, [template], reverse, training)
    return outputs[0], state
