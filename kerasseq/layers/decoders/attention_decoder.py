from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq import checks, serialization
from kerasseq.layers import dropout as dropout_factors
from kerasseq.layers.attention import get_attention
from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.cells.cell_stack import bind_cells, make_cells, serialize_cell
from kerasseq.layers.decoders.decoder import (
    Decoder,
    RunStep,
    check_initial_state,
    initial_cell_states,
    run_over_target,
)
from kerasseq.layers.decoders.readouts import READOUTS, Readout
from kerasseq.layers.decoders.wirings import WIRINGS
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class AttentionDecoder(Decoder):
    """A recurrent decoder that attends to the memory at every step.

    What does not depend on the step before leaves the loop: the input products always; attention
    and readout too with Luong wiring and no input feeding; the readout with Bahdanau wiring and no
    input feeding.

    Args:
        units: size of the cells' state.
        cell: `"lstm"`, `"gru"`, `"simple"`, a config or a `RecurrentCell`.
        num_layers: cells above one another; the top one's state is the query.
        attention: `"general"`, `"dot"`, `"additive"`, a config or an `Attention`.
        wiring: `"luong"`: the cell runs, then attends (`c_t` from `s_t`); `"bahdanau"`: it attends
            with `s_{t-1}`, then the cell sees the context (`s_t = f(s_{t-1}, y_{t-1}, c_t)`).
        input_feeding: whether the cell also reads the output of the step before (Luong et al. 2015,
            section 3.3).
        readout: `"attentional"`, `tanh(W [c; s])`; `"deep"`, `g(y_{t-1}, s_t, c_t)` with maxout; a
            config or a `Readout`.
        readout_units: size of the output; `None` means `units`.
        attention_units: size of the hidden layer of a score that has one; `None` means `units`.
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

    >>> decoder = AttentionDecoder(8, cell="gru", attention="additive", wiring="bahdanau")
    >>> outputs, state, weights = decoder(keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 5, 6)))
    >>> tuple(outputs.shape), tuple(weights.shape)
    ((2, 3, 8), (2, 3, 5))

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015;
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        attention: Any = "general",
        wiring: str = "luong",
        input_feeding: bool = False,
        readout: Any = "attentional",
        readout_units: int | None = None,
        attention_units: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        residual_from: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        checks.check_one_of("wiring", wiring, tuple(WIRINGS))
        checks.check_boolean("input_feeding", input_feeding)
        checks.check_rate("dropout", dropout)
        checks.check_rate("recurrent_dropout", recurrent_dropout)
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.attention = attention
        self.wiring = wiring
        self.input_feeding = input_feeding
        self.readout = readout
        self.readout_units = readout_units
        self.attention_units = attention_units
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.residual_from = residual_from
        self.seed = seed
        self._make_parts()

    def _make_parts(self) -> None:
        dtype = self.dtype_policy
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.cells = make_cells(self.cell, self.units, self.num_layers, "cell", dtype)
        self.attention_layer: Attention = get_attention(
            self.attention, units=self.attention_units or self.units, dtype=dtype
        )
        self.readout_layer: Readout = serialization.get(
            READOUTS, self.readout, "readout", units=self.readout_units or self.units, dtype=dtype
        )
        # The query is the top cell's hidden state: where it stands in the flat list of states.
        self.top_hidden = sum(len(cell.state_names) for cell in self.cells[:-1])
        self.cell_state_count = self.top_hidden + len(self.cells[-1].state_names)

    def get_config(self) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            if isinstance(value, keras.layers.Layer):
                return keras.saving.serialize_keras_object(value)
            return value

        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
            "attention": plain(self.attention),
            "wiring": self.wiring,
            "input_feeding": self.input_feeding,
            "readout": plain(self.readout),
            "readout_units": self.readout_units,
            "attention_units": self.attention_units,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "residual_from": self.residual_from,
            "seed": self.seed,
        }

    @property
    def output_size(self) -> int:
        return self.readout_layer.units

    def build(
        self,
        inputs_shape: Shape,
        memory_shape: Shape,
        initial_state_shape: list[Shape] | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        if initial_state_shape is not None:
            check_initial_state(self, self.cells, initial_state_shape)
        input_size, memory_size = inputs_shape[-1], memory_shape[-1]
        width = input_size
        width += self.output_size if self.input_feeding else 0
        width += memory_size if self.wiring == "bahdanau" else 0
        for cell in self.cells:
            if not cell.built:
                cell.build((None, width))
            width = self.units
        if not self.attention_layer.built:
            self.attention_layer.build((None, None, self.units), (None, None, memory_size))
        if not self.readout_layer.built:
            self.readout_layer.build((None, input_size), (None, self.units), (None, memory_size))
        self.built = True

    def prepare(self, memory: Tensor, memory_mask: Tensor | None = None) -> list[Tensor]:
        return self.attention_layer.prepare(memory, memory_mask)

    def start(
        self, initial_state: State | None, prepared: list[Tensor], max_length: Tensor
    ) -> State:
        batch = ops.shape(prepared[1])[0]
        state = initial_cell_states(self.cells, initial_state, batch)
        if self.input_feeding:
            state.append(ops.zeros((batch, self.output_size), self.compute_dtype))
        return state + self.attention_layer.initial_past(prepared)

    def step(
        self, inputs: Tensor, state: State, prepared: list[Tensor]
    ) -> tuple[Tensor, State, Tensor]:
        inputs = ops.cast(inputs, self.compute_dtype)
        slices = {"inputs": inputs, "projected": self.cells[0].project(inputs)}
        (outputs, weights, *context), state = self._bind(prepared, inputs.shape[-1])(slices, state)
        if not self.input_feeding:
            outputs = self.readout_layer.bind()(inputs, outputs, *context)
        return outputs, state, weights

    def call(
        self,
        inputs: Tensor,
        memory: Tensor,
        initial_state: State | None = None,
        memory_mask: Tensor | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, State, Tensor]:
        inputs = ops.cast(inputs, self.compute_dtype)
        prepared = self.prepare(memory, memory_mask)
        state = self.start(initial_state, prepared, ops.shape(inputs)[1])
        factors = self._recurrent_factors(inputs, training)
        # Without anything that the next step reads of it, attention leaves the loop.
        attends_later = self.wiring == "luong" and len(state) == self.cell_state_count
        bind = self._bind_cells if attends_later else self._bind
        run_step = bind(prepared, inputs.shape[-1], factors)
        sequences = self._sequences(inputs, training)
        templates = self._templates(prepared, attends_later)
        (outputs, *rest), state = run_over_target(run_step, sequences, state, templates)
        if attends_later:
            context, weights, _ = self.attention_layer.attend(outputs, prepared, [])
            rest = [weights, context]
        weights, *context = rest
        if not self.input_feeding:
            outputs = self.readout_layer.bind()(inputs, outputs, *context)
            outputs = dropout_factors.drop(outputs, self.dropout, self.seed_generator, training)
        return outputs, state, weights

    def compute_output_spec(
        self, inputs: Tensor, memory: Tensor, *arguments: Any, **options: Any
    ) -> tuple[Tensor, State, Tensor]:
        batch, length = inputs.shape[:2]
        source_length = memory.shape[1]
        states = [self.units] * self.cell_state_count

        def spec(*shape: int | None, dtype: str = "float32") -> keras.KerasTensor:
            return keras.KerasTensor(shape, dtype=dtype)

        outputs = spec(batch, length, self.output_size, dtype=self.compute_dtype)
        state = [spec(batch, size) for size in states]
        if self.input_feeding:
            state.append(spec(batch, self.output_size, dtype=self.compute_dtype))
        state += self.attention_layer.past_spec(batch, source_length)
        return outputs, state, spec(batch, length, source_length)

    def _bind(
        self,
        prepared: list[Tensor],
        known_size: int,
        recurrent_factors: Sequence[Tensor | None] | None = None,
    ) -> RunStep:
        """Reads the weights once and returns a whole step of cells, attention and fed readout."""
        run_cells = bind_cells(self.cells, known_size, self.residual_from, recurrent_factors)

        def attend(query: Tensor, past: State) -> tuple[Tensor, Tensor, State]:
            return self.attention_layer.attend(query, prepared, past)

        advance = WIRINGS[self.wiring](run_cells, attend, self.top_hidden)
        combine = self.readout_layer.bind() if self.input_feeding else None
        count = self.cell_state_count

        def run_step(slices: dict[str, Tensor], state: State) -> tuple[list[Tensor], State]:
            fed = state[count : count + self.input_feeding]
            outputs, context, weights, states, past = advance(
                slices["projected"],
                fed[0] if fed else None,
                state[:count],
                state[count + self.input_feeding :],
                self._layer_factors(slices),
            )
            if combine is not None:
                outputs = combine(slices.get("inputs"), outputs, context)
                if "output_factors" in slices:
                    outputs = outputs * ops.cast(slices["output_factors"], outputs.dtype)
                return [outputs, weights], [*states, outputs, *past]
            return [outputs, weights, context], states + past

        return run_step

    def _bind_cells(
        self,
        prepared: list[Tensor],
        known_size: int,
        recurrent_factors: Sequence[Tensor | None] | None = None,
    ) -> RunStep:
        """Reads the weights once and returns a step of the cells alone."""
        run_cells = bind_cells(self.cells, known_size, self.residual_from, recurrent_factors)

        def run_step(slices: dict[str, Tensor], state: State) -> tuple[list[Tensor], State]:
            hidden, state = run_cells(slices["projected"], None, state, self._layer_factors(slices))
            return [hidden], state

        return run_step

    def _layer_factors(self, slices: dict[str, Tensor]) -> list[Tensor | None]:
        return [slices.get(f"factors_{index}") for index in range(1, self.num_layers)]

    def _recurrent_factors(self, inputs: Tensor, training: bool | None) -> list[Tensor | None]:
        shape = (ops.shape(inputs)[0], self.units)
        rate, seed = self.recurrent_dropout, self.seed_generator
        return [dropout_factors.draw_factors(shape, rate, seed, training) for _ in self.cells]

    def _sequences(self, inputs: Tensor, training: bool | None) -> dict[str, Tensor]:
        """What the loop reads at each step, by name, time first; what is not needed is left out."""
        batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
        steps = ops.transpose(inputs, (1, 0, 2))  # (target_length, batch, input_size)

        def draw(size: int) -> Tensor | None:
            shape = (length, batch, size)
            return dropout_factors.draw_factors(shape, self.dropout, self.seed_generator, training)

        sequences = {"projected": self.cells[0].project(steps)}
        for index in range(1, self.num_layers):
            sequences[f"factors_{index}"] = draw(self.units)
        if self.input_feeding:
            sequences["output_factors"] = draw(self.output_size)
            sequences["inputs"] = steps if self.readout_layer.reads_inputs else None
        return {name: sequence for name, sequence in sequences.items() if sequence is not None}

    def _templates(self, prepared: list[Tensor], attends_later: bool) -> list[Tensor]:
        """What a step gives, as tensors of its shapes and dtypes."""
        memory, mask = prepared[:2]
        size = self.output_size if self.input_feeding else self.units
        outputs = [ops.zeros((ops.shape(memory)[0], size), self.compute_dtype)]
        if attends_later:
            return outputs
        weights = [ops.cast(mask, "float32")]
        return outputs + weights + ([] if self.input_feeding else [memory[:, 0]])
