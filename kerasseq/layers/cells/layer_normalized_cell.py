from collections.abc import Callable
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.layers.cells.gated_cell import GatedCell
from kerasseq.typing import Tensor


class LayerNormalizedCell(GatedCell):
    """What layer-normalised cells share: `W x` and `U h` are normalised before they are added.

    `LN(a) = gain (a - mean(a)) / sqrt(variance(a) + epsilon)`. Inputs that are all known before
    the loop are normalised there.

    Args:
        units: size of the output and of each state tensor.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.
        epsilon: added to a variance.

    See `RecurrentCell` for calls.
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        epsilon: float = 1e-5,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units, kernel_initializer, recurrent_initializer, bias_initializer, **kwargs
        )
        checks.check_positive("epsilon", epsilon)
        self.epsilon = epsilon

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}

    def build_bias(self, columns: int) -> None:
        super().build_bias(columns)
        self.input_gain = self.add_weight((columns,), "ones", name="input_gain")
        self.recurrent_gain = self.add_weight((columns,), "ones", name="recurrent_gain")

    def _finish_projection(self, projected: Tensor, size: int) -> Tensor:
        if size < self.kernel.shape[0]:
            return projected
        return ops.cast(self._bind_normalization()(projected), self.compute_dtype)

    def _bind_inputs(
        self, known_size: int, apart: range
    ) -> Callable[[Tensor, Tensor | None], Tensor]:
        add_fed = super()._bind_inputs(known_size, apart)
        if known_size == self.kernel.shape[0]:
            return add_fed
        normalize = self._bind_normalization()
        return lambda projected, fed: normalize(add_fed(projected, fed))

    def _bind_normalization(self) -> Callable[[Tensor], Tensor]:
        """Returns `LN(a) + b` of the inputs, from any dtype to float32."""
        gain, bias = ops.cast(self.input_gain, "float32"), ops.cast(self.bias, "float32")
        return lambda inputs: self._normalize_gates(ops.cast(inputs, "float32")) * gain + bias

    def _normalize_gates(self, values: Tensor) -> Tensor:
        """Normalises what all gates read, as one vector."""
        return self._normalize(values)

    def _normalize(self, values: Tensor) -> Tensor:
        """Centres the last axis and gives it variance 1, without gain or shift."""
        centred = values - ops.mean(values, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        return centred * ops.rsqrt(variance + self.epsilon)
