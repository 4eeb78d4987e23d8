from typing import ClassVar

from keras import ops

from kerasseq.layers import hand_gradients
from kerasseq.layers.cells.gated_cell import Gate, GatedCell
from kerasseq.layers.loop_products import gradients_wanted
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
        # What `z_h` and `r_h` are shifted by is added to `z` and `r`, for all steps at once.
        shift = ops.concatenate(
            [self.bias[1, : 2 * self.units], ops.zeros((self.units,), self.bias.dtype)], axis=0
        )
        return ops.add(projected, ops.cast(self.bias[0] + shift, self.compute_dtype))

    def _bind_gate(self) -> Gate:
        bias = ops.cast(self.bias, "float32")[1, 2 * self.units :]

        def gate(inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
            if gradients_wanted():
                hidden = hand_gradients.gru_state(inputs, recurrent, bias, state[0])
                return hidden, [hidden]
            update, reset, candidate = ops.split(inputs, 3, axis=-1)
            update_hidden, reset_hidden, hidden = ops.split(recurrent, 3, axis=-1)
            update = ops.sigmoid(update + update_hidden)
            candidate = ops.tanh(candidate + ops.sigmoid(reset + reset_hidden) * (hidden + bias))
            hidden = candidate + update * (state[0] - candidate)
            return hidden, [hidden]

        return gate
