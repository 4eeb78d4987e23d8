from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import dropout as dropout_factors
from kerasseq.layers.cells.cell_stack import bind_cells, make_cells, serialize_cell
from kerasseq.layers.decoders.decoder import (
    Decoder,
    RunStep,
    check_initial_state,
    initial_cell_states,
    run_over_target,
)
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor

CONTEXTS = ("initial_state", "input", "both")


@register
class RecurrentDecoder(Decoder):
    """A recurrent decoder without attention: all it knows of the source is one context vector.

    The context vector is what the bridge made: the top layer's hidden state of `initial_state`.
    The memory is not read; the attention weights are zeros.

    Args:
        units: size of the cells' state, and of the output.
        cell: `"lstm"`, `"gru"`, `"simple"`, a config or a `RecurrentCell`.
        num_layers: cells above one another.
        context: `"initial_state"`: the decoder starts from it (Sutskever et al. 2014); `"input"`:
            it starts from zeros and the lowest cell reads the context at every step; `"both"`
            (Cho et al. 2014).
        dropout: share dropped between the layers and of the output, in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        residual_from: the first layer, counted from 0, that adds its input to its output; the
            lowest never does. `None` for none.
        seed: seed of the dropout.

    See `Decoder` for calls.

    Raises:
        ValueError: if an argument is out of range, or the initial state does not fit the cells.

    Example:

    >>> decoder = RecurrentDecoder(8, cell="gru")
    >>> inputs, memory = keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 5, 6))
    >>> outputs, state, weights = decoder(inputs, memory, [keras.ops.ones((2, 8))])
    >>> tuple(outputs.shape)
    (2, 3, 8)

    Reference:
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014; Cho et al.,
        Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        context: str = "initial_state",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        residual_from: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        checks.check_one_of("context", context, CONTEXTS)
        checks.check_rate("dropout", dropout)
        checks.check_rate("recurrent_dropout", recurrent_dropout)
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.context = context
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.residual_from = residual_from
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.cells = make_cells(cell, units, num_layers, "cell", self.dtype_policy)
        self.top_hidden = sum(len(each.state_names) for each in self.cells[:-1])
        self.cell_state_count = self.top_hidden + len(self.cells[-1].state_names)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
            "context": self.context,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "residual_from": self.residual_from,
            "seed": self.seed,
        }

    @property
    def output_size(self) -> int:
        return self.units

    @property
    def reads_context(self) -> bool:
        """Whether the lowest cell reads the context at every step."""
        return self.context != "initial_state"

    def build(
        self,
        inputs_shape: Shape,
        memory_shape: Shape,
        initial_state_shape: list[Shape] | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        if initial_state_shape is not None:
            check_initial_state(self, self.cells, initial_state_shape)
        width = inputs_shape[-1] + (self.units if self.reads_context else 0)
        for cell in self.cells:
            if not cell.built:
                cell.build((None, width))
            width = self.units
        self.built = True

    def prepare(self, memory: Tensor, memory_mask: Tensor | None = None) -> list[Tensor]:
        # Keras refuses `None` among outputs, so the weights are zeros as wide as the source.
        return [ops.zeros(ops.shape(memory)[:2], "float32")]

    def start(
        self, initial_state: State | None, prepared: list[Tensor], max_length: Tensor
    ) -> State:
        batch = ops.shape(prepared[0])[0]
        given = initial_cell_states(self.cells, initial_state, batch)
        if not self.reads_context:
            return given
        context = given[self.top_hidden]
        if self.context == "both":
            return [*given, context]
        return [*initial_cell_states(self.cells, None, batch), context]

    def step(
        self, inputs: Tensor, state: State, prepared: list[Tensor]
    ) -> tuple[Tensor, State, Tensor]:
        inputs = ops.cast(inputs, self.compute_dtype)
        slices = {"projected": self.cells[0].project(inputs)}
        (outputs,), state = self._bind(inputs.shape[-1])(slices, state)
        weights = prepared[0]
        beams = ops.shape(inputs)[0] // ops.maximum(ops.shape(weights)[0], 1)
        weights = ops.repeat(weights, beams, axis=0)
        return ops.cast(outputs, self.compute_dtype), state, weights

    def call(
        self,
        inputs: Tensor,
        memory: Tensor,
        initial_state: State | None = None,
        memory_mask: Tensor | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, State, Tensor]:
        inputs = ops.cast(inputs, self.compute_dtype)
        batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
        prepared = self.prepare(memory, memory_mask)
        state = self.start(initial_state, prepared, length)
        seed = self.seed_generator
        recurrent_factors = [
            dropout_factors.draw_factors(
                (batch, self.units), self.recurrent_dropout, seed, training
            )
            for _ in self.cells
        ]
        run_step = self._bind(inputs.shape[-1], recurrent_factors)
        template = ops.zeros((batch, self.units), self.compute_dtype)
        sequences = self._sequences(inputs, training)
        (outputs,), state = run_over_target(run_step, sequences, state, [template])
        outputs = dropout_factors.drop(outputs, self.dropout, seed, training)
        weights = ops.zeros((batch, length, ops.shape(memory)[1]), "float32")
        return outputs, state, weights

    def _bind(self, known_size: int, recurrent_factors: Any = None) -> RunStep:
        """Reads the weights once and returns a step."""
        run_cells = bind_cells(self.cells, known_size, self.residual_from, recurrent_factors)

        def run_step(slices: dict[str, Tensor], state: State) -> tuple[list[Tensor], State]:
            context = state[self.cell_state_count] if self.reads_context else None
            factors = [slices.get(f"factors_{index}") for index in range(1, self.num_layers)]
            states = state[: self.cell_state_count]
            outputs, states = run_cells(slices["projected"], context, states, factors)
            return [outputs], states + ([context] if self.reads_context else [])

        return run_step

    def _sequences(self, inputs: Tensor, training: bool | None) -> dict[str, Tensor]:
        """What the loop reads at each step, by name, time first; what is not needed is left out."""
        batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
        steps = ops.transpose(inputs, (1, 0, 2))  # (target_length, batch, input_size)
        sequences = {"projected": self.cells[0].project(steps)}
        for index in range(1, self.num_layers):
            sequences[f"factors_{index}"] = dropout_factors.draw_factors(
                (length, batch, self.units), self.dropout, self.seed_generator, training
            )
        return {name: sequence for name, sequence in sequences.items() if sequence is not None}

    def compute_output_spec(
        self, inputs: Tensor, memory: Tensor, *arguments: Any, **options: Any
    ) -> tuple[Tensor, State, Tensor]:
        batch, length = inputs.shape[:2]
        outputs = keras.KerasTensor((batch, length, self.units), dtype=self.compute_dtype)
        state = [
            keras.KerasTensor((batch, self.units), dtype="float32")
            for _ in range(self.cell_state_count + self.reads_context)
        ]
        weights = keras.KerasTensor((batch, length, memory.shape[1]), dtype="float32")
        return outputs, state, weights
