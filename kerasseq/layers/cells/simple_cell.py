from keras import ops

from kerasseq.layers.cells.gated_cell import Gate, GatedCell
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class SimpleCell(GatedCell):
    """The plain recurrent network: `h' = tanh(W x + U h + b)`.

    For small things: it forgets soon. The state is `[hidden]`.

    See `GatedCell` for arguments and `RecurrentCell` for calls.

    Example:

    >>> import keras
    >>> cell = SimpleCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 1)

    Reference:
        Elman, Finding Structure in Time, 1990.
    """

    def _bind_gate(self) -> Gate:
        def gate(inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
            hidden = ops.tanh(inputs + recurrent)
            return hidden, [hidden]

        return gate
