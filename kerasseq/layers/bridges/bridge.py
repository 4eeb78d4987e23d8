"""The contract of a bridge: what a decoder starts from, made of what an encoder ended with."""

import abc
from collections.abc import Sequence
from typing import Any

import keras

from kerasseq import checks
from kerasseq.layers.cells.cell_stack import get_pattern, keep_pattern, serialize_cell
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.typing import Shape, State, Tensor


class Bridge(SelfCastingLayer):
    """Turns an encoder's last state, or its memory, into a decoder's first state.

    It joins stacked and bidirectional encoders to a decoder of any cell, size and depth, or says
    why it cannot. For a decoder that reads one context vector (`RecurrentDecoder` with
    `context="input"` or `"both"`), take `cell="simple"` and one layer: the state is then one
    tensor, the context.

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

    cell: Any

    def __init__(self, units: int, cell: Any = "lstm", num_layers: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        self.units = units
        keep_pattern(self, cell)
        self.num_layers = num_layers
        self.state_sizes = num_layers * get_pattern(cell, units).state_sizes

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
        }

    @abc.abstractmethod
    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        """Makes the weights; raises if the encoder's state does not fit."""

    @abc.abstractmethod
    def call(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        """Makes the decoder's first state; see the class."""

    def compute_output_spec(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        batch = state[0].shape[0]
        return [keras.KerasTensor((batch, size), dtype="float32") for size in self.state_sizes]

    def compute_mask(self, state: State, previous_mask: Any = None) -> None:
        """A state has no axis of length, so no mask leaves a bridge."""
        return


def sizes_of(state_shape: Sequence[Shape]) -> tuple[int, ...]:
    """Returns the sizes of the tensors of a state."""
    return tuple(shape[-1] for shape in state_shape)
