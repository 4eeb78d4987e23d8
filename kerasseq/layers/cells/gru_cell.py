from typing import ClassVar

from keras import ops

from kerasseq.layers.cells.gated_cell import Gate, GatedCell
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class GRUCell(GatedCell):
    """Gated recurrent unit, the reset gate applied after the recurrent product.

    `z, r, n = W x + b`, `z_h, r_h, n_h = U h + b_h`; `z = sigmoid(z + z_h)`;
    `n = tanh(n + sigmoid(r + r_h) n_h)`; `h' = z h + (1 - z) n`. This is the form of cuDNN and of
    Keras' `reset_after=True`, whose weights fit as they are (the bias is `(2, 3 * units)`: of the
    input and of the recurrent product). The state is `[hidden]`.

    See `GatedCell` for arguments and `RecurrentCell` for calls.

    Example:

    >>> import keras
    >>> cell = GRUCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 1)

    Reference:
        Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    num_gates: ClassVar[int] = 3

    def build_bias(self, columns: int) -> None:
        self.bias = self.add_weight((2, columns), self.bias_initializer, name="bias")

    def _finish_projection(self, projected: Tensor, size: int) -> Tensor:
        return ops.add(projected, self._read(self.bias)[0])

    def _bind_gate(self) -> Gate:
        bias = ops.cast(self.bias, "float32")[1]

        def gate(inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
            update, reset, candidate = ops.split(inputs, 3, axis=-1)
            update_hidden, reset_hidden, hidden = ops.split(recurrent + bias, 3, axis=-1)
            update = ops.sigmoid(update + update_hidden)
            candidate = ops.tanh(candidate + ops.sigmoid(reset + reset_hidden) * hidden)
            hidden = update * state[0] + (1 - update) * candidate
            return hidden, [hidden]

        return gate
