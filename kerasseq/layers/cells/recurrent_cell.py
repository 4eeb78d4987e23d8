"""The contract of a recurrent cell: what a step computes, and what can be done for all steps."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.typing import Shape, State, Tensor

CellStep = Callable[[Tensor, Tensor | None, State], tuple[Tensor, State]]


class RecurrentCell(keras.layers.Layer, abc.ABC):
    """One step of a recurrent network: `(inputs, state) -> (output, state)`.

    A cell is split where the loop over time begins. `project(inputs)` is the part of a step that
    needs no state: encoder and decoder compute it for all steps in one matrix product before the
    loop. `bind(known_size)` reads the weights once and returns the part that stands in the loop,
    `step(projected, fed, state)`. `fed` are inputs that are known only then (the previous readout,
    the context): the last `input_size - known_size` columns of the cell's input.

    Products run in the layer's compute dtype, gates and states in float32.

    Args:
        units: size of the output and of each state tensor.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.

    Call arguments:
        inputs: `(rows, input_size)`.
        state: list of `(rows, units)` float32 tensors, named by `state_names`.

    Returns:
        `(output, state)`: `(rows, units)` float32, and the new state.
    """

    state_names: ClassVar[tuple[str, ...]] = ("hidden",)

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        # Weights are read in the compute dtype where they are bound, and states stay in float32:
        # Keras' own casting of inputs would round them.
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("units", units)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    @abc.abstractmethod
    def project(self, inputs: Tensor) -> Tensor:
        """Returns the part of the step that needs no state.

        Args:
            inputs: `(..., known_size)`, the first columns of the cell's input; all of them, or
                those that are known before the loop.

        Returns:
            `(..., projected_size)`, in the compute dtype.
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
        return [ops.zeros((rows, self.units), "float32") for _ in self.state_names]

    def call(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        step = self.bind(inputs.shape[-1])
        return step(self.project(inputs), None, [ops.cast(tensor, "float32") for tensor in state])

    def compute_output_spec(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        def spec() -> keras.KerasTensor:
            return keras.KerasTensor((inputs.shape[0], self.units), dtype="float32")

        return spec(), [spec() for _ in self.state_names]

    def _read(self, weight: Any) -> Tensor:
        """The weight in the compute dtype: a method other than `call` runs without autocast."""
        return ops.cast(weight, self.compute_dtype)

    def _multiply(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """A matrix product in the compute dtype, for gates in float32."""
        return ops.cast(ops.matmul(ops.cast(inputs, self.compute_dtype), kernel), "float32")


class GatedCell(RecurrentCell):
    """What cells of the form `gates(W x + U h + b)` share: two kernels and the split at the loop.

    The kernels have Keras' names, shapes and order of gates, so weights of `keras.layers.LSTM` and
    the like fit as they are.
    """

    num_gates: ClassVar[int] = 1

    def build(self, inputs_shape: Shape, state_shape: Any = None) -> None:
        columns = self.num_gates * self.units
        self.kernel = self.add_weight(
            (inputs_shape[-1], columns), self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = self.add_weight(self._bias_shape(columns), self._initialize_bias, name="bias")
        self.built = True

    def _bias_shape(self, columns: int) -> tuple[int, ...]:
        return (columns,)

    def _initialize_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return self.bias_initializer(shape, dtype=dtype)

    def _input_bias(self) -> Tensor:
        return self._read(self.bias)

    def project(self, inputs: Tensor) -> Tensor:
        kernel = self._read(self.kernel)[: inputs.shape[-1]]
        projected = ops.matmul(ops.cast(inputs, self.compute_dtype), kernel)
        return projected + self._input_bias()

    def bind(self, known_size: int, recurrent_dropout: Tensor | None = None) -> CellStep:
        fed_kernel = self._read(self.kernel)[known_size:]
        recurrent_kernel = self._read(self.recurrent_kernel)

        def step(projected: Tensor, fed: Tensor | None, state: State) -> tuple[Tensor, State]:
            inputs = ops.cast(projected, "float32")
            if fed is not None:
                inputs = inputs + self._multiply(fed, fed_kernel)
            hidden = state[0] if recurrent_dropout is None else state[0] * recurrent_dropout
            return self._gate(inputs, self._multiply(hidden, recurrent_kernel), state)

        return step

    @abc.abstractmethod
    def _gate(self, inputs: Tensor, recurrent: Tensor, state: State) -> tuple[Tensor, State]:
        """Combines `W x + b` and `U h`, both `(rows, num_gates * units)` float32."""
