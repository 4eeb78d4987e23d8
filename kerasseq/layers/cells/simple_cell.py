from keras import ops

from kerasseq.layers.cells.recurrent_cell import GatedCell
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class SimpleCell(GatedCell):
    """The plain recurrent network: `h' = tanh(W x + U h + b)`.

    The state is `[hidden]`. See `RecurrentCell` for arguments and calls.

    Example:

    >>> cell = SimpleCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 1)

    Reference:
        Elman, Finding Structure in Time, 1990.
    """

    def _gate(self, inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
        hidden = ops.tanh(inputs + recurrent)
        return hidden, [hidden]
