"""Readouts: what a decoder with attention gives out of its state, the context and its input."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.typing import Tensor

Combine = Callable[[Tensor | None, Tensor, Tensor], Tensor]


class Readout(keras.layers.Layer, abc.ABC):
    """Combines the hidden state `s_t`, the context `c_t` and the input `y_{t-1}` of a step.

    Args:
        units: size of the output.

    Call arguments:
        inputs: `(..., input_size)`.
        hidden: `(..., hidden_size)`.
        context: `(..., memory_size)`.

    Returns:
        `(..., units)` in the compute dtype.
    """

    reads_inputs: ClassVar[bool] = False

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("units", units)
        self.units = units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}

    @abc.abstractmethod
    def bind(self) -> Combine:
        """Reads the weights once and returns `combine(inputs, hidden, context)`."""

    def call(self, inputs: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        return self.bind()(inputs, hidden, context)

    def compute_output_spec(self, inputs: Tensor, hidden: Tensor, context: Tensor) -> Any:
        return keras.KerasTensor((*hidden.shape[:-1], self.units), dtype=self.compute_dtype)


@register
class AttentionalReadout(Readout):
    """The attentional vector: `tanh(W [c_t; s_t])`, without bias.

    See `Readout` for arguments and calls.

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015,
        eq. 5.
    """

    def build(self, inputs_shape: Any, hidden_shape: Any, context_shape: Any) -> None:
        rows = context_shape[-1] + hidden_shape[-1]
        self.kernel = self.add_weight((rows, self.units), "glorot_uniform", name="kernel")
        self.built = True

    def bind(self) -> Combine:
        kernel = ops.cast(self.kernel, self.compute_dtype)

        def combine(inputs: Tensor | None, hidden: Tensor, context: Tensor) -> Tensor:
            # Joining the vectors is cheaper than a second product.
            joined = ops.concatenate(
                [ops.cast(context, kernel.dtype), ops.cast(hidden, kernel.dtype)], axis=-1
            )
            return ops.tanh(ops.matmul(joined, kernel))

        return combine


@register
class DeepReadout(Readout):
    """Deep output with one maxout layer: `g(y_{t-1}, s_t, c_t)`.

    `g` is the larger of each pair of elements of `U s_t + V y_{t-1} + C c_t + b`.

    See `Readout` for arguments and calls.

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015,
        appendix A.2.2; Pascanu et al., How to Construct Deep Recurrent Neural Networks, 2014.
    """

    reads_inputs: ClassVar[bool] = True

    def build(self, inputs_shape: Any, hidden_shape: Any, context_shape: Any) -> None:
        rows = inputs_shape[-1] + hidden_shape[-1] + context_shape[-1]
        self.kernel = self.add_weight((rows, 2 * self.units), "glorot_uniform", name="kernel")
        self.bias = self.add_weight((2 * self.units,), "zeros", name="bias")
        self.built = True

    def bind(self) -> Combine:
        kernel = ops.cast(self.kernel, self.compute_dtype)
        bias = ops.cast(self.bias, self.compute_dtype)

        def combine(inputs: Tensor | None, hidden: Tensor, context: Tensor) -> Tensor:
            parts = [ops.cast(part, kernel.dtype) for part in (inputs, hidden, context)]
            pieces = ops.matmul(ops.concatenate(parts, axis=-1), kernel) + bias
            pairs = ops.reshape(pieces, (*ops.shape(pieces)[:-1], self.units, 2))
            return ops.max(pairs, axis=-1)

        return combine


READOUTS: dict[str, type[Readout]] = {"attentional": AttentionalReadout, "deep": DeepReadout}
