"""The contract of an encoder: the embedded source becomes memory and state."""

import abc
from typing import Any

from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.typing import State, Tensor


class Encoder(SelfCastingLayer):
    """Reads the embedded source.

    Padding is never read, and the memory there is zero: neither more padding nor the other rows of
    a batch change an answer.

    Call arguments:
        inputs: `(batch, length, input_size)`.
        mask: boolean `(batch, length)`; Keras fills it in from the inputs.
        training: whether to drop.

    Returns:
        `(memory, state)`: `(batch, source_length, memory_size)` in the compute dtype, with a mask
        if the inputs have one, `source_length` being `length` or less; and a flat list of float32
        tensors `(batch, size)`, layer by layer from the lowest, hidden before cell.
    """

    @property
    def time_reduction(self) -> int:
        """How many positions of the inputs one of the memory stands for; 1 for most."""
        return 1

    @abc.abstractmethod
    def call(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        """Reads the source; see the class."""

    @abc.abstractmethod
    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> list[Any]:
        """Returns the mask of the memory, and `None` for each tensor of the state."""
