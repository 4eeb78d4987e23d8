"""Bridges that read ALL states of the encoder, each in its own way."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.layers import masking
from kerasseq.layers.bridges.projecting_bridge import ProjectingBridge
from kerasseq.layers.input_shapes import check_sequence
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


class PoolingBridge(ProjectingBridge):
    """What bridges that read ALL states share: they need the memory. Padding does not count.

    See `ProjectingBridge` for arguments and `Bridge` for calls.

    Raises:
        ValueError: if it is called without memory.
    """

    def _summary_size(self, state_shape: Sequence[Shape], memory_shape: Shape | None) -> int:
        if memory_shape is None:
            raise ValueError(
                f"`{type(self).__name__}` pools all states and needs the memory. "
                "Received: a state alone. Call it as `bridge(state, memory)`."
            )
        check_sequence(self, "memory", memory_shape)
        return int(memory_shape[-1])


@register
class MeanBridge(PoolingBridge):
    """A learnt transform of the mean of all encoder states: `tanh(W mean(h_1 .. h_n) + b)`.

    See `ProjectingBridge` for arguments and `Bridge` for calls.

    Example:

    >>> import keras
    >>> state, memory = [keras.ops.ones((2, 6))], keras.ops.ones((2, 5, 6))
    >>> [tuple(tensor.shape) for tensor in MeanBridge(8, cell="gru")(state, memory)]
    [(2, 8)]

    Reference:
        Sennrich et al., Nematus: a Toolkit for Neural Machine Translation, 2017.
    """

    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        return masking.masked_mean(ops.cast(memory, "float32"), memory_mask)


@register
class MaxBridge(PoolingBridge):
    """A learnt transform of the largest of all encoder states: `tanh(W max(h_1 .. h_n) + b)`.

    The maximum is taken element by element: each says whether its feature was seen anywhere.

    See `ProjectingBridge` for arguments and `Bridge` for calls.

    Example:

    >>> import keras
    >>> state, memory = [keras.ops.ones((2, 6))], keras.ops.ones((2, 5, 6))
    >>> [tuple(tensor.shape) for tensor in MaxBridge(8, cell="gru")(state, memory)]
    [(2, 8)]

    Reference:
        Conneau et al., Supervised Learning of Universal Sentence Representations, 2017.
    """

    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        return masking.masked_max(ops.cast(memory, "float32"), memory_mask)


@register
class AttentiveBridge(PoolingBridge):
    """A learnt transform of a learnt mean of all encoder states: the states that matter weigh more.

    `a = softmax(v^T tanh(W h_i))`; `state = tanh(W' sum_i a_i h_i + b)`.

    Args:
        units: size of the decoder's cells.
        cell: the decoder's cell.
        num_layers: the decoder's layers.
        activation: name of the last activation, `None` for a linear map.
        attention_units: size of `W h_i`; `None` means `units`.

    See `Bridge` for calls.

    Example:

    >>> import keras
    >>> state, memory = [keras.ops.ones((2, 6))], keras.ops.ones((2, 5, 6))
    >>> [tuple(tensor.shape) for tensor in AttentiveBridge(8, cell="gru")(state, memory)]
    [(2, 8)]

    Reference:
        Yang et al., Hierarchical Attention Networks for Document Classification, 2016.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        activation: Any = "tanh",
        attention_units: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, cell, num_layers, activation, **kwargs)
        if attention_units is not None:
            checks.check_positive_integer("attention_units", attention_units)
        self.attention_units = attention_units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "attention_units": self.attention_units}

    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        super().build(state_shape, memory_shape, memory_mask_shape)
        size = self._summary_size(state_shape, memory_shape)
        hidden = self.attention_units or self.units
        self.memory_kernel = self.add_weight((size, hidden), "glorot_uniform", name="memory_kernel")
        # As a column, so that the initializer sees fan-in and fan-out of a product.
        self.score_kernel = self.add_weight((hidden, 1), "glorot_uniform", name="score_kernel")

    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        memory = ops.cast(memory, self.compute_dtype)
        hidden = ops.tanh(ops.matmul(memory, self._read(self.memory_kernel)))
        scores = ops.matmul(hidden, self._read(self.score_kernel))
        weights = masking.masked_softmax(scores[..., 0], memory_mask)  # (batch, source_length)
        return ops.einsum("bs,bsm->bm", weights, ops.cast(memory, "float32"))
