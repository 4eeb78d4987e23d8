from typing import Any, ClassVar

from keras import ops

from kerasseq.layers.cells.gated_cell import Gate
from kerasseq.layers.cells.layer_normalized_cell import LayerNormalizedCell
from kerasseq.layers.cells.lstm_cell import remembering
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class LayerNormalizedLSTMCell(LayerNormalizedCell):
    """Long short-term memory with layer normalisation: steadier where it is deep or long.

    `i, f, g, o = LN(W x) + LN(U h) + b`; `c' = sigmoid(f) c + sigmoid(i) tanh(g)`;
    `h' = sigmoid(o) tanh(LN(c') + b_c)`, each `LN` with a gain of its own. The paper's shifts of
    the first two are one with `b`, whose forget gate starts at 1. The state is `[hidden, cell]`.

    See `LayerNormalizedCell` for arguments and `RecurrentCell` for calls.

    Example:

    >>> import keras
    >>> cell = LayerNormalizedLSTMCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 2)

    Reference:
        Ba et al., Layer Normalization, 2016, supplementary material.
    """

    state_names = ("hidden", "cell")
    num_gates: ClassVar[int] = 4

    def build_bias(self, columns: int) -> None:
        super().build_bias(columns)
        self.cell_gain = self.add_weight((self.units,), "ones", name="cell_gain")
        self.cell_bias = self.add_weight((self.units,), "zeros", name="cell_bias")

    def _initial_bias(self) -> Any:
        return remembering(self.bias_initializer, self.units)

    def _bind_gate(self) -> Gate:
        gain = ops.cast(self.recurrent_gain, "float32")
        cell_gain = ops.cast(self.cell_gain, "float32")
        cell_bias = ops.cast(self.cell_bias, "float32")

        def gate(inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
            gates = inputs + self._normalize_gates(recurrent) * gain
            enter, forget, candidate, leave = ops.split(gates, 4, axis=-1)
            cell = ops.sigmoid(forget) * state[1] + ops.sigmoid(enter) * ops.tanh(candidate)
            shown = ops.tanh(self._normalize(cell) * cell_gain + cell_bias)
            hidden = ops.sigmoid(leave) * shown
            return hidden, [hidden, cell]

        return gate
