"""Bridges: what a decoder starts from, made of what an encoder ended with.

A bridge joins stacked and bidirectional encoders to a decoder of any cell, size and depth, or says
why it cannot.
"""

import abc
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq import checks, serialization
from kerasseq.layers import masking
from kerasseq.layers.cells import get_cell
from kerasseq.layers.cells.cell_stack import serialize_cell
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


class Bridge(keras.layers.Layer, abc.ABC):
    """Turns an encoder's last state, or its memory, into a decoder's first state.

    Args:
        units: size of the decoder's cells.
        cell: the decoder's cell, which says how many tensors a layer's state has.
        num_layers: the decoder's layers.

    Call arguments:
        state: the encoder's state, a flat list of `(batch, size)` tensors.
        memory: `(batch, source_length, memory_size)`, for the bridges that pool all states.
        memory_mask: boolean `(batch, source_length)`; Keras fills it in from the memory.

    Returns:
        A flat list of `(batch, units)` float32 tensors, layer by layer.

    Raises:
        ValueError: if an argument is out of range, or the encoder's state does not fit.
    """

    def __init__(self, units: int, cell: Any = "lstm", num_layers: int = 1, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.state_count = num_layers * len(get_cell(cell, units=units).state_names)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
        }

    def compute_output_spec(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        batch = state[0].shape[0]
        return [
            keras.KerasTensor((batch, self.units), dtype="float32") for _ in range(self.state_count)
        ]

    def compute_mask(self, state: State, previous_mask: Any = None) -> None:
        """A state has no axis of length, so no mask leaves a bridge."""
        return

    @staticmethod
    def _sizes(state_shape: Sequence[Shape]) -> tuple[int, ...]:
        return tuple(shape[-1] or 0 for shape in state_shape)


@register
class LastStateBridge(Bridge):
    """Hands the encoder's last state on as it is; of a deeper encoder, that of its top layers.

    See `Bridge` for arguments and calls.

    Raises:
        ValueError: if the decoder has more state than the encoder, or of another size.

    Example:

    >>> state = [keras.ops.ones((2, 8)), keras.ops.ones((2, 8))]
    >>> len(LastStateBridge(8, cell="lstm")(state))
    2

    Reference:
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014.
    """

    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        sizes = self._sizes(state_shape)
        if sizes[-self.state_count :] != (self.units,) * self.state_count:
            raise ValueError(
                "`LastStateBridge` needs encoder and decoder states of equal size. Received: "
                f"encoder {sizes}, decoder {(self.units,) * self.state_count}. "
                "Use `DenseBridge` to project between them."
            )
        self.built = True

    def call(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        return [ops.cast(tensor, "float32") for tensor in state[-self.state_count :]]


class ProjectingBridge(Bridge):
    """What bridges that end with a dense layer share: `state = activation(W summary + b)`.

    Args:
        units: size of the decoder's cells.
        cell: the decoder's cell.
        num_layers: the decoder's layers.
        activation: name of the activation, `None` for a linear map.

    See `Bridge` for calls.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        activation: Any = "tanh",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, cell=cell, num_layers=num_layers, **kwargs)
        self.activation = keras.activations.get(activation)
        self.projection = keras.layers.Dense(
            self.units * self.state_count,
            activation=activation,
            name="projection",
            dtype=self.dtype_policy,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
        }

    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        if not self.projection.built:
            self.projection.build((None, self._summary_size(state_shape, memory_shape)))
        self.built = True

    def call(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        projected = self.projection(self._summarize(state, memory, memory_mask))
        return ops.split(ops.cast(projected, "float32"), self.state_count, axis=-1)

    @abc.abstractmethod
    def _summary_size(self, state_shape: Sequence[Shape], memory_shape: Shape | None) -> int:
        """The size of what `_summarize` gives."""

    @abc.abstractmethod
    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        """The source as one vector: `(batch, summary_size)`."""


@register
class DenseBridge(ProjectingBridge):
    """A learnt transform of the encoder's last state: `tanh(W [e_1; ...; e_n] + b)`.

    All tensors of the encoder's state are joined, and each of the decoder's is made from all of
    them: so any encoder fits any decoder.

    See `ProjectingBridge` for arguments and `Bridge` for calls.

    Example:

    >>> state = [keras.ops.ones((2, 6)), keras.ops.ones((2, 6))]
    >>> [tuple(tensor.shape) for tensor in DenseBridge(8, cell="gru", num_layers=2)(state)]
    [(2, 8), (2, 8)]

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015.
    """

    def _summary_size(self, state_shape: Sequence[Shape], memory_shape: Shape | None) -> int:
        return sum(self._sizes(state_shape))

    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        return ops.concatenate([ops.cast(tensor, "float32") for tensor in state], axis=-1)


class PoolingBridge(ProjectingBridge):
    """What bridges that read ALL states share: they need the memory.

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
        return int(memory_shape[-1] or 0)


@register
class MeanBridge(PoolingBridge):
    """A learnt transform of the mean of all encoder states: `tanh(W mean(h_1 .. h_n) + b)`.

    Padding does not count. See `ProjectingBridge` for arguments and `Bridge` for calls.

    Example:

    >>> state, memory = [keras.ops.ones((2, 6))], keras.ops.ones((2, 5, 6))
    >>> [tuple(tensor.shape) for tensor in MeanBridge(8, cell="gru")(state, memory)]
    [(2, 8)]

    Reference:
        Sennrich et al., Nematus: a Toolkit for Neural Machine Translation, 2017.
    """

    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        return masking.masked_mean(ops.cast(memory, "float32"), memory_mask)


BRIDGES: dict[str, type[Bridge]] = {
    "dense": DenseBridge,
    "last_state": LastStateBridge,
    "mean": MeanBridge,
}


def get_bridge(identifier: Any, units: int, cell: Any, num_layers: int) -> Bridge:
    """Returns a bridge to a decoder, by name, config or object.

    Args:
        identifier: name, config or object.
        units: size of the decoder's cells.
        cell: the decoder's cell.
        num_layers: the decoder's layers.
    """
    return serialization.get(
        BRIDGES, identifier, "bridge", units=units, cell=cell, num_layers=num_layers
    )
