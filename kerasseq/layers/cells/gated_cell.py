import abc
from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq.layers.cells.recurrent_cell import CellStep, RecurrentCell
from kerasseq.layers.loop_weights import LoopWeights, multiply_all_steps
from kerasseq.typing import Shape, SharedStates, State, Tensor

Gate = Callable[[Tensor, Tensor, State], tuple[Tensor, State]]


class GatedCell(RecurrentCell):
    """What cells of the form `gates(W x + U h + b)` share: two kernels and the split at the loop.

    The kernels have Keras' names, shapes and order of gates, so weights of `keras.layers.LSTM` and
    the like fit as they are.

    Args:
        units: size of the output and of each state tensor.
        kernel_initializer: initializer of the input weights.
        recurrent_initializer: initializer of the recurrent weights.
        bias_initializer: initializer of the bias.

    See `RecurrentCell` for calls.
    """

    num_gates: ClassVar[int] = 1
    shares_states: ClassVar[bool] = True

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    def build(self, inputs_shape: Shape, state_shape: Any = None) -> None:
        columns = self.num_gates * self.units
        self.kernel = self.add_weight(
            (inputs_shape[-1], columns), self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), self.recurrent_initializer, name="recurrent_kernel"
        )
        self.build_bias(columns)
        self.built = True

    def build_bias(self, columns: int) -> None:
        """Makes the bias, and whatever further weights the gates have."""
        self.bias = self.add_weight((columns,), self._initial_bias(), name="bias")

    def _initial_bias(self) -> Any:
        return self.bias_initializer

    def project(self, inputs: Tensor, constant: Tensor | None = None) -> Tensor:
        size = inputs.shape[-1]
        projected = self._project(inputs, self._kernel_rows(0, size))
        if constant is not None:
            kernel = self._kernel_rows(size, constant.shape[-1])
            projected = projected + self._project(constant, kernel)
            size += constant.shape[-1]
        return self._finish_projection(projected, size)

    def bind(
        self,
        known_size: int,
        recurrent_dropout: Tensor | None = None,
        fed_back: range = range(0),
    ) -> CellStep:
        """Reads the weights and returns `step(projected, fed, state, shared=None)`.

        With `shared`, which rows continue equal states, the step multiplies each state once. So it
        does with the columns `fed_back` of the input, which then are not among `fed`: they are
        known with the state, and come as `step(..., shared, fed_back=...)`.

        Args:
            known_size: how many input columns `project` has seen.
            recurrent_dropout: `(rows, units)` factors on the hidden state, or `None`.
            fed_back: those columns, if there are any.
        """
        gate = self._bind_gate()
        finish = self._bind_inputs(known_size, range(0))
        multiply = LoopWeights(self._read(self.recurrent_kernel)).multiply
        if fed_back:
            finish_apart = self._bind_inputs(known_size, fed_back)
            kernel = LoopWeights(self._kernel_rows(fed_back.start, len(fed_back)))

        def step(
            projected: Tensor,
            fed: Tensor | None,
            state: State,
            shared: SharedStates | None = None,
            fed_back: Tensor | None = None,
        ) -> tuple[Tensor, State]:
            hidden = state[0] if recurrent_dropout is None else state[0] * recurrent_dropout
            recurrent = multiply(hidden) if shared is None else shared.once(multiply, hidden)
            recurrent = ops.cast(recurrent, "float32")
            if shared is None or fed_back is None:
                return gate(finish(projected, fed), recurrent, state)
            known = ops.cast(shared.once(kernel.multiply, fed_back), "float32")
            known = known + ops.cast(projected, "float32")
            return gate(finish_apart(known, fed), recurrent, state)

        return step

    def _bind_inputs(
        self, known_size: int, apart: range
    ) -> Callable[[Tensor, Tensor | None], Tensor]:
        """Returns what completes the input's part of the gates within the loop, in float32.

        Args:
            known_size: how many columns `projected` has seen.
            apart: those behind them that it has seen too.
        """
        stop = apart.start if apart else self.kernel.shape[0]
        kernel = self._kernel_rows(known_size, stop - known_size)
        if apart and apart.stop < self.kernel.shape[0]:
            rest = self._kernel_rows(apart.stop, self.kernel.shape[0] - apart.stop)
            kernel = ops.concatenate([kernel, rest], axis=0)
        fed_kernel = LoopWeights(kernel)

        def finish(projected: Tensor, fed: Tensor | None) -> Tensor:
            inputs = ops.cast(projected, "float32")
            if fed is None:
                return inputs
            return inputs + ops.cast(fed_kernel.multiply(fed), "float32")

        return finish

    def _finish_projection(self, projected: Tensor, size: int) -> Tensor:
        """Adds what does not depend on the columns that are still to come."""
        # `ops.add` takes the vector for a bias: its gradient is a ninth of the time of that of `+`.
        return ops.add(projected, self._read(self.bias))

    @abc.abstractmethod
    def _bind_gate(self) -> Gate:
        """Reads what weights the gates have, and returns `gate(inputs, recurrent, state)`.

        It combines `W x + b` and `U h`, both `(rows, num_gates * units)` float32, into the output
        and the new state.
        """

    def _kernel_rows(self, start: int, count: int) -> Tensor:
        """Rows of the kernel in the compute dtype; `kernel[start:]` has a slow gradient."""
        return ops.slice(self._read(self.kernel), (start, 0), (count, self.kernel.shape[1]))

    def _project(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return multiply_all_steps(ops.cast(inputs, self.compute_dtype), kernel)
