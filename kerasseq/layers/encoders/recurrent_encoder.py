from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import dropout as dropout_factors
from kerasseq.layers import masking
from kerasseq.layers.cells.cell_stack import is_residual, make_cells, serialize_cell
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.recurrence import scan
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class RecurrentEncoder(keras.layers.Layer):
    """Reads the source with recurrent cells: in one direction or both, in one layer or several.

    The input products of all steps are one matrix product before each loop. Padding is never
    read: the state stays as it was, and the memory there is zero, so neither more padding nor the
    other rows of a batch change an answer.

    Args:
        units: size of the cells' state, in each direction.
        cell: `"lstm"`, `"gru"`, `"simple"`, a config or a `RecurrentCell`.
        num_layers: cells above one another.
        bidirectional: `True` reads every layer in both directions, `"first"` only the lowest
            (Wu et al. 2016); the outputs and states of the two directions are concatenated.
        input_dropout: share of the inputs that is dropped in training.
        dropout: share dropped between the layers.
        output_dropout: share of the memory that is dropped in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        residual_from: the first layer, counted from 0, that adds its input to its output; `None`
            for none. Its input must be as wide as its output.
        seed: seed of the dropout.

    Call arguments:
        inputs: `(batch, source_length, input_size)`.
        mask: boolean `(batch, source_length)`; Keras fills it in from the inputs.
        training: whether to drop.

    Returns:
        `(memory, state)`: `(batch, source_length, memory_size)` in the compute dtype, where
        `memory_size` is `units`, or twice that where the top layer reads both ways; and a flat
        list of float32 tensors `(batch, size)`, layer by layer from the lowest, hidden before cell.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> encoder = RecurrentEncoder(8, cell="lstm", bidirectional=True)
    >>> memory, state = encoder(keras.ops.ones((2, 5, 4)))
    >>> tuple(memory.shape), [tuple(tensor.shape) for tensor in state]
    ((2, 5, 16), [(2, 16), (2, 16)])

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        bidirectional: bool | str = False,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        output_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        residual_from: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        checks.check_one_of("bidirectional", bidirectional, (True, False, "first"))
        rates = {
            "input_dropout": input_dropout,
            "dropout": dropout,
            "output_dropout": output_dropout,
            "recurrent_dropout": recurrent_dropout,
        }
        for argument, rate in rates.items():
            checks.check_rate(argument, rate)
        if residual_from is not None:
            checks.check_integer("residual_from", residual_from, minimum=0)
        self.units = units
        self.cell = cell
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.input_dropout = input_dropout
        self.dropout = dropout
        self.output_dropout = output_dropout
        self.recurrent_dropout = recurrent_dropout
        self.residual_from = residual_from
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.forward_cells = make_cells(cell, units, num_layers, "forward_cell", self.dtype_policy)
        backward = {True: num_layers, "first": 1, False: 0}[bidirectional]
        self.backward_cells = make_cells(cell, units, backward, "backward_cell", self.dtype_policy)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
            "bidirectional": self.bidirectional,
            "input_dropout": self.input_dropout,
            "dropout": self.dropout,
            "output_dropout": self.output_dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "residual_from": self.residual_from,
            "seed": self.seed,
        }

    def build(self, inputs_shape: Shape) -> None:
        width = inputs_shape[-1]
        for index in range(self.num_layers):
            for cell in self._cells(index):
                if not cell.built:
                    cell.build((None, width))
            if is_residual(index, self.residual_from) and width != self._width(index):
                raise ValueError(
                    "A residual layer needs an input as wide as its output. Received: layer "
                    f"{index} with input {width} and output {self._width(index)}. "
                    f"Use `residual_from={index + 1}` or other `units`."
                )
            width = self._width(index)
        self.built = True

    def _cells(self, layer: int) -> list[RecurrentCell]:
        return self.forward_cells[layer : layer + 1] + self.backward_cells[layer : layer + 1]

    def _width(self, layer: int) -> int:
        return self.units * len(self._cells(layer))

    def call(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        seed = self.seed_generator
        outputs = ops.transpose(  # (source_length, batch, input_size)
            ops.cast(inputs, self.compute_dtype), (1, 0, 2)
        )
        outputs = dropout_factors.drop(outputs, self.input_dropout, seed, training)
        steps_mask = None if mask is None else ops.transpose(ops.cast(mask, "bool"))
        state: State = []
        for index in range(self.num_layers):
            below = outputs
            if index > 0:
                below = dropout_factors.drop(below, self.dropout, seed, training)
            above, layer_state = self._run_layer(index, below, steps_mask, training)
            outputs = above + outputs if is_residual(index, self.residual_from) else above
            state.extend(layer_state)
        outputs = dropout_factors.drop(outputs, self.output_dropout, seed, training)
        memory = ops.transpose(outputs, (1, 0, 2))
        if mask is not None:
            memory = ops.where(ops.expand_dims(ops.cast(mask, "bool"), -1), memory, 0)
        return memory, state

    def _run_layer(
        self, layer: int, inputs: Tensor, mask: Tensor | None, training: bool | None
    ) -> tuple[Tensor, State]:
        """Both directions of one layer: `(source_length, batch, width)` and its states."""
        runs = [
            self._run_cell(cell, inputs, mask, reverse=direction == 1, training=training)
            for direction, cell in enumerate(self._cells(layer))
        ]
        if len(runs) == 1:
            return runs[0]
        outputs, states = zip(*runs, strict=True)
        joined = [ops.concatenate(pair, axis=-1) for pair in zip(*states, strict=True)]
        return ops.concatenate(outputs, axis=-1), joined

    def _run_cell(
        self,
        cell: RecurrentCell,
        inputs: Tensor,
        mask: Tensor | None,
        reverse: bool,
        training: bool | None,
    ) -> tuple[Tensor, State]:
        rows = ops.shape(inputs)[1]
        factors = dropout_factors.draw_factors(
            (rows, self.units), self.recurrent_dropout, self.seed_generator, training
        )
        cell_step = cell.bind(inputs.shape[-1], factors)

        def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
            output, new_state = cell_step(slices[0], None, state)
            if mask is not None:
                new_state = masking.keep_where(slices[1], new_state, state)
            return [ops.cast(output, self.compute_dtype)], new_state

        sequences = [cell.project(inputs)] + ([] if mask is None else [mask])
        template = ops.zeros((rows, self.units), self.compute_dtype)
        outputs, state = scan(step, sequences, cell.initial_state(rows), [template], reverse)
        return outputs[0], state

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> list[Any]:
        states = sum(len(cell.state_names) for cell in self.forward_cells)
        return [previous_mask] + [None] * states

    def compute_output_spec(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        batch, length = inputs.shape[:2]
        memory = keras.KerasTensor(
            (batch, length, self._width(self.num_layers - 1)), dtype=self.compute_dtype
        )
        state = [
            keras.KerasTensor((batch, self._width(index)), dtype="float32")
            for index, cell in enumerate(self.forward_cells)
            for _ in cell.state_names
        ]
        return memory, state
