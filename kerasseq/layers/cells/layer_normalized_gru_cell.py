from typing import ClassVar

from keras import ops

from kerasseq.layers.cells.gated_cell import Gate
from kerasseq.layers.cells.layer_normalized_cell import LayerNormalizedCell
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class LayerNormalizedGRUCell(LayerNormalizedCell):
    """Gated recurrent unit with layer normalisation: steadier where it is deep or long.

    `z, r = LN(W x) + LN(U h) + b`; `n = tanh(LN(W_n x) + b_n + sigmoid(r) (LN(U_n h) + b_h))`;
    `h' = (1 - sigmoid(z)) h + sigmoid(z) n`, each `LN` with a gain of its own; the paper's shifts
    of the first two are one. The state is `[hidden]`.

    See `LayerNormalizedCell` for arguments and `RecurrentCell` for calls.

    Example:

    >>> import keras
    >>> cell = LayerNormalizedGRUCell(8)
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 1)

    Reference:
        Ba et al., Layer Normalization, 2016, supplementary material.
    """

    num_gates: ClassVar[int] = 3

    def build_bias(self, columns: int) -> None:
        super().build_bias(columns)
        self.candidate_bias = self.add_weight((self.units,), "zeros", name="candidate_bias")

    def _normalize_gates(self, values: Tensor) -> Tensor:
        """The two gates are one vector, the candidate is another."""
        gates, candidate = values[..., : 2 * self.units], values[..., 2 * self.units :]
        return ops.concatenate([self._normalize(gates), self._normalize(candidate)], axis=-1)

    def _bind_gate(self) -> Gate:
        gain = ops.cast(self.recurrent_gain, "float32")
        bias = ops.cast(self.candidate_bias, "float32")

        def gate(inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
            update, reset, candidate = ops.split(inputs, 3, axis=-1)
            recurrent = self._normalize_gates(recurrent) * gain
            update_hidden, reset_hidden, hidden = ops.split(recurrent, 3, axis=-1)
            update = ops.sigmoid(update + update_hidden)
            reset = ops.sigmoid(reset + reset_hidden)
            candidate = ops.tanh(candidate + reset * (hidden + bias))
            hidden = (1 - update) * state[0] + update * candidate
            return hidden, [hidden]

        return gate
