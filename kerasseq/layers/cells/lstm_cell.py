from typing import ClassVar

from keras import ops

from kerasseq.layers.cells.recurrent_cell import GatedCell
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class LSTMCell(GatedCell):
    """Long short-term memory with a forget gate.

    `i, f, g, o = W x + U h + b`; `c' = sigmoid(f) c + sigmoid(i) tanh(g)`;
    `h' = sigmoid(o) tanh(c')`. The forget gate's bias starts at 1 when `bias_initializer` is
    `"zeros"` (Jozefowicz et al. 2015). Gates stand in Keras' order, so the weights are
    interchangeable with `keras.layers.LSTM`. The state is `[hidden, cell]`.

    See `RecurrentCell` for arguments and calls.

    Example:

    >>> cell = LSTMCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 2)

    Reference:
        Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget,
        2000.
    """

    state_names: ClassVar[tuple[str, ...]] = ("hidden", "cell")
    num_gates: ClassVar[int] = 4

    def _initialize_bias(self, shape: tuple[int, ...], dtype: object = None) -> Tensor:
        bias = self.bias_initializer(shape, dtype=dtype)
        forget = ops.arange(shape[0]) // self.units == 1
        return ops.where(ops.logical_and(forget, bias == 0), ops.ones_like(bias), bias)

    def _gate(self, inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
        enter, forget, candidate, leave = ops.split(inputs + recurrent, 4, axis=-1)
        cell = ops.sigmoid(forget) * state[1] + ops.sigmoid(enter) * ops.tanh(candidate)
        hidden = ops.sigmoid(leave) * ops.tanh(cell)
        return hidden, [hidden, cell]
