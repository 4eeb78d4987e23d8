"""Readouts: what a decoder gives out of its state, the context and its input."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.loop_weights import LoopWeights
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.serialization import register
from kerasseq.typing import Tensor

Combine = Callable[[Tensor | None, Tensor, Tensor | None], Tensor]


class Readout(SelfCastingLayer):
    """Combines the hidden state `s_t`, the context `c_t` and the input `y_{t-1}` of a step.

    Like a cell, a readout is split where the loop over time begins: `project(inputs)` is computed
    for all steps at once, `bind()` gives the part that needs state and context.

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
    """Whether `inputs` has a part in the output."""

    reads_context: ClassVar[bool] = True
    """Whether `context` has a part in the output."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("units", units)
        self.units = units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}

    def project(self, inputs: Tensor) -> Tensor | None:
        """Returns the inputs' part, `(..., projected_size)`, or `None` if they have none."""
        return None

    @abc.abstractmethod
    def bind(self) -> Combine:
        """Reads the weights once and returns `combine(projected, hidden, context)`."""

    def call(self, inputs: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        return self.bind()(self.project(inputs), hidden, context)

    def compute_output_spec(self, inputs: Tensor, hidden: Tensor, context: Tensor) -> Any:
        return keras.KerasTensor((*hidden.shape[:-1], self.units), dtype=self.compute_dtype)

    def _join(self, *parts: Tensor) -> Tensor:
        """The vectors as one: cheaper than a product for each."""
        return ops.concatenate([ops.cast(part, self.compute_dtype) for part in parts], axis=-1)


@register
class HiddenReadout(Readout):
    """The hidden state as it is: for decoders whose cells have already seen the context.

    See `Readout` for arguments and calls.

    Raises:
        ValueError: if the hidden state has another size than `units`.

    Example:

    >>> inputs, hidden, context = (keras.ops.ones((2, size)) for size in (3, 8, 6))
    >>> bool(keras.ops.all(HiddenReadout(8)(inputs, hidden, context) == hidden))
    True

    Reference:
        Wu et al., Google's Neural Machine Translation System, 2016.
    """

    reads_context: ClassVar[bool] = False

    def build(self, inputs_shape: Any, hidden_shape: Any, context_shape: Any) -> None:
        if hidden_shape[-1] != self.units:
            raise ValueError(
                "`HiddenReadout` gives the hidden state as it is. Received: "
                f"`readout_units={self.units}` for a state of {hidden_shape[-1]}."
            )
        self.built = True

    def bind(self) -> Combine:
        def combine(projected: Tensor | None, hidden: Tensor, context: Tensor | None) -> Tensor:
            return ops.cast(hidden, self.compute_dtype)

        return combine


@register
class AttentionalReadout(Readout):
    """The attentional vector: `tanh(W [c_t; s_t])`, without bias.

    See `Readout` for arguments and calls.

    Example:

    >>> inputs, hidden, context = (keras.ops.ones((2, size)) for size in (3, 8, 6))
    >>> tuple(AttentionalReadout(4)(inputs, hidden, context).shape)
    (2, 4)

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015,
        eq. 5.
    """

    def build(self, inputs_shape: Any, hidden_shape: Any, context_shape: Any) -> None:
        rows = context_shape[-1] + hidden_shape[-1]
        self.kernel = self.add_weight((rows, self.units), "glorot_uniform", name="kernel")
        self.built = True

    def bind(self) -> Combine:
        kernel = LoopWeights(self._read(self.kernel))

        def combine(projected: Tensor | None, hidden: Tensor, context: Tensor | None) -> Tensor:
            return ops.tanh(kernel.multiply(self._join(context, hidden)))

        return combine


@register
class DeepReadout(Readout):
    """Deep output with one maxout layer: `g(y_{t-1}, s_t, c_t)`.

    `g` is the larger of each pair of elements of `V y_{t-1} + U s_t + C c_t + b`.

    See `Readout` for arguments and calls.

    Example:

    >>> inputs, hidden, context = (keras.ops.ones((2, size)) for size in (3, 8, 6))
    >>> tuple(DeepReadout(4)(inputs, hidden, context).shape)
    (2, 4)

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015, appendix A.2.2; Pascanu et al., How to Construct Deep Recurrent Neural
        Networks, 2014.
    """

    reads_inputs: ClassVar[bool] = True

    def build(self, inputs_shape: Any, hidden_shape: Any, context_shape: Any) -> None:
        rows = inputs_shape[-1] + hidden_shape[-1] + context_shape[-1]
        self.kernel = self.add_weight((rows, 2 * self.units), "glorot_uniform", name="kernel")
        self.bias = self.add_weight((2 * self.units,), "zeros", name="bias")
        self.input_size = inputs_shape[-1]
        self.built = True

    def project(self, inputs: Tensor) -> Tensor:
        kernel = self._read(self.kernel)[: self.input_size]
        return ops.add(ops.matmul(self._join(inputs), kernel), self._read(self.bias))

    def bind(self) -> Combine:
        kernel = LoopWeights(self._read(self.kernel)[self.input_size :])

        def combine(projected: Tensor | None, hidden: Tensor, context: Tensor | None) -> Tensor:
            pieces = projected + kernel.multiply(self._join(hidden, context))
            # Not `ops.max`, which refuses a target of no positions.
            return ops.maximum(pieces[..., 0::2], pieces[..., 1::2])

        return combine


READOUTS: dict[str, type[Readout]] = {
    "attentional": AttentionalReadout,
    "deep": DeepReadout,
    "hidden": HiddenReadout,
}
