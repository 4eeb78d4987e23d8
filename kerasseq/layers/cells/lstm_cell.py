from typing import Any, ClassVar

from keras import ops

from kerasseq.layers.cells.gated_cell import Gate, GatedCell
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class LSTMCell(GatedCell):
    """Long short-term memory with a forget gate.

    `i, f, g, o = W x + U h + b`; `c' = sigmoid(f) c + sigmoid(i) tanh(g)`;
    `h' = sigmoid(o) tanh(c')`. Gates stand in Keras' order, so the weights are interchangeable
    with `keras.layers.LSTM`. The state is `[hidden, cell]`.

    Args:
        units: size of the output and of each state tensor.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias; zeros of the forget gate become 1, so that the
            cell remembers at first (Jozefowicz et al. 2015).

    See `RecurrentCell` for calls.

    Example:

    >>> import keras
    >>> cell = LSTMCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 2)

    Reference:
        Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget,
        2000.
    """

    state_names = ("hidden", "cell")
    num_gates: ClassVar[int] = 4

    def _initial_bias(self) -> Any:
        return remembering(self.bias_initializer, self.units)

    def _bind_gate(self) -> Gate:
        def gate(inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
            enter, forget, candidate, leave = ops.split(inputs + recurrent, 4, axis=-1)
            cell = ops.sigmoid(forget) * state[1] + ops.sigmoid(enter) * ops.tanh(candidate)
            hidden = ops.sigmoid(leave) * ops.tanh(cell)
            return hidden, [hidden, cell]

        return gate


def remembering(initializer: Any, units: int) -> Any:
    """Returns an initializer of an LSTM's bias: `initializer`, but 1 for 0 in the forget gate."""

    def initialize(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        bias = initializer(shape, dtype=dtype)
        forget = ops.arange(shape[0]) // units == 1
        return ops.where(ops.logical_and(forget, bias == 0), ops.ones_like(bias), bias)

    return initialize
