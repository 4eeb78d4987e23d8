"""The contract of a decoder: the whole target at once, or one step of it, with the same weights."""

import abc
from typing import Any

from keras import ops

from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.input_shapes import check_sequence, check_state
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.typing import Shape, State, Tensor


class Decoder(SelfCastingLayer):
    """Reads the target so far and the memory, and gives an output for each position.

    `call` runs a whole target (teacher forcing). Search runs the same layer step by step:

    - `prepare(memory, memory_mask)`, once for a source: a flat list of batch-first tensors that
      every step reads (memory, mask, projected keys). It is never tiled nor reordered.
    - `start(initial_state, prepared, max_length)`: the state before the first step, a flat list of
      `(batch, ...)` tensors that holds everything which changes with a step: cell states, fed-back
      readout, what attention remembers, a position, caches.
    - `bind_step()`, once before many steps: what they read of the weights, laid out for it.
    - `step(inputs, state, prepared, bound)`: one step for `(rows, input_size)` inputs, `rows` being
      `batch * beams` with the beams of a source side by side.

    Nothing is kept on the layer between calls.

    Call arguments:
        inputs: `(batch, target_length, input_size)`, the embedded target.
        memory: `(batch, source_length, memory_size)`.
        initial_state: list of `(batch, units)` tensors as from a bridge; zeros if not given.
        inputs_mask: boolean `(batch, target_length)`, for decoders whose losses need it; Keras
            fills it in from the inputs.
        memory_mask: boolean `(batch, source_length)`; Keras fills it in from the memory.
        training: whether to drop.

    Returns:
        `(outputs, state, attention_weights)`: `(batch, target_length, output_size)` in the compute
        dtype, the state after the last position (padding is read like any token: it stands on the
        right, where no real position sees it), and `(batch, target_length, source_length)`
        float32. No mask leaves a decoder: one on the logits would make Keras average the loss per
        replica, and differently from one device.
    """

    @property
    def shares_states(self) -> bool:
        """Whether `step` takes `shared`, which rows have equal states, and computes them once."""
        return False

    @abc.abstractmethod
    def prepare(self, memory: Tensor, memory_mask: Tensor | None = None) -> list[Tensor]:
        """Computes what is the same at every step."""

    @abc.abstractmethod
    def start(
        self, initial_state: State | None, prepared: list[Tensor], max_length: Tensor
    ) -> State:
        """Returns the state before the first step.

        Args:
            initial_state: list of `(batch, units)` tensors, or `None` for zeros.
            prepared: what `prepare` gave.
            max_length: the most steps that will follow, for decoders with caches.
        """

    def bind_step(self) -> Any:
        """Reads the weights and returns what `step` takes as `bound`; `None`: it reads them."""
        return None

    @abc.abstractmethod
    def step(
        self, inputs: Tensor, state: State, prepared: list[Tensor], bound: Any = None
    ) -> tuple[Tensor, State, Tensor]:
        """Runs one step.

        Args:
            inputs: `(rows, input_size)`.
            state: `(rows, ...)` tensors.
            prepared: what `prepare` gave, of leading size `batch`.
            bound: what `bind_step` gave; `None` reads the weights in this step.

        Returns:
            `(outputs, state, attention_weights)`: `(rows, output_size)`, the new state, and
            `(rows, source_length)`.
        """

    @property
    @abc.abstractmethod
    def output_size(self) -> int:
        """Size of an output."""

    def compute_mask(self, inputs: Tensor, previous_mask: Any = None) -> None:
        """No mask reaches the logits; see the class."""
        return


def check_inputs(
    decoder: Decoder,
    inputs_shape: Shape,
    memory_shape: Shape,
    initial_state_shape: list[Shape] | None,
) -> None:
    """Raises unless a decoder is given one tensor, one tensor and a list of tensors."""
    check_sequence(decoder, "inputs", inputs_shape)
    check_sequence(decoder, "memory", memory_shape)
    if initial_state_shape is not None:
        check_state(decoder, "initial_state", initial_state_shape)


def check_initial_state(
    decoder: Decoder, cells: list[RecurrentCell], state_shape: list[Shape]
) -> None:
    """Raises unless the shapes of an initial state are what the decoder's cells hold."""
    expected = tuple(size for cell in cells for size in cell.state_sizes)
    received = tuple(shape[-1] for shape in state_shape)
    if received != expected:
        raise ValueError(
            f"`initial_state` of `{type(decoder).__name__}` must be {len(expected)} tensors of "
            f"sizes {expected}. Received: {received}. Put a bridge between encoder and decoder, "
            "such as `DenseBridge`."
        )


def initial_cell_states(
    cells: list[RecurrentCell], initial_state: State | None, batch: Tensor
) -> State:
    """Returns the given state in float32, or the cells' zeros."""
    if initial_state is None:
        return [tensor for cell in cells for tensor in cell.initial_state(batch)]
    return [ops.cast(tensor, "float32") for tensor in initial_state]
