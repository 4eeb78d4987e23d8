from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import dropout as dropout_factors
from kerasseq.layers import masking
from kerasseq.layers.cells.cell_stack import keep_pattern, make_cells, serialize_cell
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.encoders.directions import run_directions
from kerasseq.layers.encoders.encoder import Encoder
from kerasseq.layers.encoders.time_reduction import reduce_mask, reduce_values, reduced_length
from kerasseq.layers.input_shapes import check_sequence
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class PyramidalEncoder(Encoder):
    """Reads a long source with recurrent layers, each of which has half the steps of that below.

    For sources much longer than their targets (characters, bytes, frames of speech): attention
    has less to look through, and the upper layers less to read. Between two layers, the outputs
    of neighbouring positions are joined to one input; with `num_layers` layers the memory is
    `reduction ** (num_layers - 1)` times shorter than the source, rounded up.

    Args:
        units: size of the cells' state, in each direction.
        cell: `"lstm"`, `"gru"`, another name or config of the family, a `RecurrentCell`, or a
            cell of Keras.
        num_layers: cells above one another.
        reduction: how many positions become one between two layers.
        bidirectional: whether every layer reads in both directions.
        input_dropout: share of the inputs that is dropped in training.
        dropout: share dropped between the layers.
        output_dropout: share of the memory that is dropped in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        seed: seed of the dropout.

    See `Encoder` for calls. A position of the memory is real if any that it was made of is.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> encoder = PyramidalEncoder(8, num_layers=3)
    >>> memory, state = encoder(keras.ops.ones((2, 9, 4)))
    >>> tuple(memory.shape), len(state)
    ((2, 3, 16), 6)

    Reference:
        Chan et al., Listen, Attend and Spell, 2016.
    """

    cell: Any

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 2,
        reduction: int = 2,
        bidirectional: bool = True,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        output_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        checks.check_integer("reduction", reduction, minimum=2)
        checks.check_boolean("bidirectional", bidirectional)
        checks.check_rate("input_dropout", input_dropout)
        checks.check_rate("dropout", dropout)
        checks.check_rate("output_dropout", output_dropout)
        checks.check_rate("recurrent_dropout", recurrent_dropout)
        self.units = units
        keep_pattern(self, cell)
        self.num_layers = num_layers
        self.reduction = reduction
        self.bidirectional = bidirectional
        self.input_dropout = input_dropout
        self.dropout = dropout
        self.output_dropout = output_dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.forward_cells = make_cells(cell, units, num_layers, "forward_cell", self.dtype_policy)
        backward = num_layers if bidirectional else 0
        self.backward_cells = make_cells(cell, units, backward, "backward_cell", self.dtype_policy)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
            "reduction": self.reduction,
            "bidirectional": self.bidirectional,
            "input_dropout": self.input_dropout,
            "dropout": self.dropout,
            "output_dropout": self.output_dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }

    @property
    def width(self) -> int:
        """Size of the output of every layer."""
        return self.units * (1 + self.bidirectional)

    @property
    def time_reduction(self) -> int:
        return self.reduction ** (self.num_layers - 1)

    def build(self, inputs_shape: Shape) -> None:
        check_sequence(self, "inputs", inputs_shape)
        width = inputs_shape[-1]
        for index in range(self.num_layers):
            for cell in self._cells(index):
                if not cell.built:
                    cell.build((None, width))
            width = self.reduction * self.width
        self.built = True

    def _cells(self, layer: int) -> list[RecurrentCell]:
        return self.forward_cells[layer : layer + 1] + self.backward_cells[layer : layer + 1]

    def call(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        seed = self.seed_generator
        mask = None if mask is None else ops.cast(mask, "bool")
        steps = ops.transpose(  # (source_length, batch, input_size)
            ops.cast(inputs, self.compute_dtype), (1, 0, 2)
        )
        steps = dropout_factors.drop(steps, self.input_dropout, seed, training)
        state: State = []

        def draw() -> Tensor | None:
            shape = (ops.shape(inputs)[0], self.units)
            return dropout_factors.draw_factors(shape, self.recurrent_dropout, seed, training)

        for layer in range(self.num_layers):
            if layer > 0:  # (reduced_length, batch, reduction * width)
                steps = dropout_factors.drop(steps, self.dropout, seed, training)
                steps = reduce_values(steps, time_first(mask), self.reduction)
                mask = None if mask is None else reduce_mask(mask, self.reduction)
            steps, layer_state = run_directions(
                self._cells(layer), steps, time_first(mask), draw, training
            )
            state.extend(layer_state)
        steps = dropout_factors.drop(steps, self.output_dropout, seed, training)
        return masking.zero_padding(ops.transpose(steps, (1, 0, 2)), mask), state

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> list[Any]:
        mask = previous_mask
        for _ in range(self.num_layers - 1 if mask is not None else 0):
            mask = reduce_mask(mask, self.reduction)
        states = sum(len(cell.state_names) for cell in self.forward_cells)
        return [mask] + [None] * states

    def compute_output_spec(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        batch, length = inputs.shape[:2]
        for _ in range(self.num_layers - 1 if length is not None else 0):
            length = reduced_length(length, self.reduction)
        memory = keras.KerasTensor((batch, length, self.width), dtype=self.compute_dtype)
        state = [
            keras.KerasTensor((batch, size * (1 + self.bidirectional)), dtype="float32")
            for cell in self.forward_cells
            for size in cell.state_sizes
        ]
        return memory, state


def time_first(mask: Tensor | None) -> Tensor | None:
    """Returns `(time, batch)` of a mask `(batch, time)`, if there is one."""
    return None if mask is None else ops.transpose(mask)
