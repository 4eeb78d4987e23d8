"""The contract of a recurrent cell: what a step computes, and what can be done for all steps."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.typing import State, Tensor

CellStep = Callable[..., tuple[Tensor, State]]
"""`step(projected, fed, state) -> (output, state)`; see `RecurrentCell.bind`."""


class RecurrentCell(SelfCastingLayer):
    """One step of a recurrent network: `(inputs, state) -> (output, state)`.

    A cell is split where the loop over time begins. `project(inputs)` is the part of a step that
    needs no state: encoder and decoder compute it for all steps in one matrix product before the
    loop. `bind(known_size)` reads the weights once and returns the part that stands in the loop,
    `step(projected, fed, state)`. `fed` are inputs that are known only then (the previous readout,
    the context): the last `input_size - known_size` columns of the cell's input.

    Products run in the layer's compute dtype, gates and states in float32.

    Args:
        units: size of the output and, but for foreign cells, of each state tensor.

    Call arguments:
        inputs: `(rows, input_size)`.
        state: list of `(rows, size)` float32 tensors, named by `state_names`.

    Returns:
        `(output, state)`: `(rows, units)` float32, and the new state.
    """

    state_names: tuple[str, ...] = ("hidden",)
    """The tensors of a state; the first is what an attention that looks back takes as query."""

    shares_states: ClassVar[bool] = False
    """Whether rows may share a state in the step of `bind`; see `GatedCell.bind`."""

    drops_state: bool = True
    """Whether `bind` takes `recurrent_dropout`."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("units", units)
        self.units = units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of each state tensor."""
        return (self.units,) * len(self.state_names)

    @abc.abstractmethod
    def project(self, inputs: Tensor, constant: Tensor | None = None) -> Tensor:
        """Returns the part of the step that needs no state.

        Args:
            inputs: `(time, rows, size)` or `(rows, size)`, the first columns of the cell's input.
            constant: `(rows, constant_size)`, the columns after them, if they are the same at
                every step.

        Returns:
            `(..., projected_size)`, in the compute dtype. `inputs` and `constant` together are
            all columns of the input, or the `known_size` of `bind`.
        """

    @abc.abstractmethod
    def bind(self, known_size: int, recurrent_dropout: Tensor | None = None) -> CellStep:
        """Reads the weights and returns `step(projected, fed, state) -> (output, state)`.

        Args:
            known_size: how many input columns `project` has seen.
            recurrent_dropout: `(rows, units)` factors on the hidden state where it enters the
                recurrent product, the same at every step (Gal & Ghahramani 2016); or `None`.
        """

    def initial_state(self, rows: Tensor) -> State:
        """Returns zeros: what the cell starts from when nothing is given."""
        return [ops.zeros((rows, size), "float32") for size in self.state_sizes]

    def call(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        step = self.bind(inputs.shape[-1])
        return step(self.project(inputs), None, [ops.cast(tensor, "float32") for tensor in state])

    def compute_output_spec(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        def spec(size: int) -> keras.KerasTensor:
            return keras.KerasTensor((inputs.shape[0], size), dtype="float32")

        return spec(self.units), [spec(size) for size in self.state_sizes]


def join_constant(inputs: Tensor, constant: Tensor | None) -> Tensor:
    """Returns `inputs` with the columns of `constant` after them, the same at every step."""
    if constant is None:
        return inputs
    shape = (*ops.shape(inputs)[:-1], constant.shape[-1])
    constant = ops.broadcast_to(ops.cast(constant, inputs.dtype), shape)
    return ops.concatenate([inputs, constant], axis=-1)


def join_columns(inputs: Tensor, further: Tensor) -> Tensor:
    """Returns `inputs` with the columns of `further` after them, the rows broadcast."""
    shape = (*ops.shape(further)[:-1], inputs.shape[-1])
    inputs = ops.broadcast_to(inputs, shape)
    return ops.concatenate([inputs, ops.cast(further, inputs.dtype)], axis=-1)
