from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import dropout as dropout_factors
from kerasseq.layers import masking
from kerasseq.layers.cells.cell_stack import (
    check_residual_from,
    climb,
    is_residual,
    keep_pattern,
    make_cells,
    serialize_cell,
)
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.encoders.directions import run_directions
from kerasseq.layers.encoders.encoder import Encoder
from kerasseq.layers.input_shapes import check_sequence
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class RecurrentEncoder(Encoder):
    """Reads the source with recurrent cells: in one direction or both, in one layer or several.

    The input products of all steps are one matrix product before each loop.

    Args:
        units: size of the cells' state, in each direction.
        cell: `"lstm"`, `"gru"`, another name or config of the family, a `RecurrentCell`, or a
            cell of Keras.
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

    See `Encoder` for calls. `memory_size` is `units`, or twice that where the top layer reads both
    ways.

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

    cell: Any

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
        super().__init__(**kwargs)
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
        check_residual_from(residual_from, num_layers, minimum=0)
        self.units = units
        keep_pattern(self, cell)
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
        check_sequence(self, "inputs", inputs_shape)
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
        steps = ops.transpose(  # (source_length, batch, input_size)
            ops.cast(inputs, self.compute_dtype), (1, 0, 2)
        )
        steps = dropout_factors.drop(steps, self.input_dropout, seed, training)
        steps_mask = None if mask is None else ops.transpose(ops.cast(mask, "bool"))
        state: State = []

        def draw() -> Tensor | None:
            shape = (ops.shape(inputs)[0], self.units)
            return dropout_factors.draw_factors(shape, self.recurrent_dropout, seed, training)

        def run_layer(layer: int, below: Tensor) -> Tensor:
            if layer > 0:
                below = dropout_factors.drop(below, self.dropout, seed, training)
            above, layer_state = run_directions(
                self._cells(layer), below, steps_mask, draw, training
            )
            state.extend(layer_state)
            return above

        steps = climb(run_layer, range(self.num_layers), steps, {}, self.residual_from)
        steps = dropout_factors.drop(steps, self.output_dropout, seed, training)
        return masking.zero_padding(ops.transpose(steps, (1, 0, 2)), mask), state

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
            keras.KerasTensor((batch, size * len(self._cells(index))), dtype="float32")
            for index, cell in enumerate(self.forward_cells)
            for size in cell.state_sizes
        ]
        return memory, state
