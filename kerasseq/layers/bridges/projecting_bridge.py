import abc
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.layers.bridges.bridge import Bridge
from kerasseq.layers.cells.cell_stack import split_columns
from kerasseq.layers.input_shapes import check_state
from kerasseq.typing import Shape, State, Tensor


class ProjectingBridge(Bridge):
    """What bridges that end with a dense layer share: `state = activation(W summary + b)`.

    Args:
        units: size of the decoder's cells.
        cell: the decoder's cell.
        num_layers: the decoder's layers.
        activation: name of the activation, `None` for a linear map.
        projection_dtype: dtype or policy of the dense layer; `None` means the bridge's own. Keras'
            `quantize` changes it, and a file must say so.

    See `Bridge` for calls.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        activation: Any = "tanh",
        projection_dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, cell=cell, num_layers=num_layers, **kwargs)
        self.activation = keras.activations.get(activation)
        self.projection = keras.layers.Dense(
            sum(self.state_sizes),
            activation=activation,
            name="projection",
            **{**self.part_options, "dtype": projection_dtype or self.dtype_policy},
        )

    def get_config(self) -> dict[str, Any]:
        policy = self.projection.dtype_policy
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "projection_dtype": None
            if policy == self.dtype_policy
            else keras.saving.serialize_keras_object(policy),
        }

    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        check_state(self, "state", state_shape)
        if not self.projection.built:
            self.projection.build((None, self._summary_size(state_shape, memory_shape)))
        self.built = True

    def call(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        projected = self.projection(self._summarize(state, memory, memory_mask))
        return split_columns(ops.cast(projected, "float32"), self.state_sizes)

    @abc.abstractmethod
    def _summary_size(self, state_shape: Sequence[Shape], memory_shape: Shape | None) -> int:
        """The size of what `_summarize` gives."""

    @abc.abstractmethod
    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        """The source as one vector: `(batch, summary_size)`."""
