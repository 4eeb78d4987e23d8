from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import dropout as dropout_factors
from kerasseq.layers import masking
from kerasseq.layers.cells.cell_stack import (
    check_recurrent_dropout,
    keep_pattern,
    make_cells,
    serialize_cell,
)
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.encoders.encoder import Encoder
from kerasseq.typing import State, Tensor


class StackedEncoder(Encoder):
    """An encoder of cells above one another, in one direction or both.

    A subclass says how the layers are joined, in `build` and `call`.

    Args:
        units: size of the cells' state, in each direction.
        cell: name, config or pattern of the cells.
        num_layers: cells above one another.
        bidirectional: whether the layers read in both directions; `"first"`: the lowest does.
        input_dropout: share of the inputs that is dropped in training.
        dropout: share dropped between the layers.
        output_dropout: share of the memory that is dropped in training.
        recurrent_dropout: share of the state dropped in the recurrent product.
        seed: seed of the dropout.

    Raises:
        ValueError: if an argument is out of range.
    """

    cell: Any

    def __init__(
        self,
        units: int,
        cell: Any,
        num_layers: int,
        bidirectional: bool | str,
        *,
        input_dropout: float,
        dropout: float,
        output_dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        checks.check_rate("input_dropout", input_dropout)
        checks.check_rate("dropout", dropout)
        checks.check_rate("output_dropout", output_dropout)
        self.units = units
        keep_pattern(self, cell)
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.input_dropout = input_dropout
        self.dropout = dropout
        self.output_dropout = output_dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.seed_generator = dropout_factors.make_generator(seed)
        backward = 1 if bidirectional == "first" else int(bidirectional) * num_layers
        self.forward_cells = self._make_cells(num_layers, "forward_cell")
        self.backward_cells = self._make_cells(backward, "backward_cell")
        check_recurrent_dropout(recurrent_dropout, self.forward_cells)

    def _make_cells(self, count: int, name: str) -> list[RecurrentCell]:
        return make_cells(self.cell, self.units, count, name, self.part_options)

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
            "seed": self.seed,
        }

    def _cells(self, layer: int) -> list[RecurrentCell]:
        return self.forward_cells[layer : layer + 1] + self.backward_cells[layer : layer + 1]

    def _width(self, layer: int) -> int:
        """Size of a layer's output."""
        return self.units * len(self._cells(layer))

    def _build_cells(self, layer: int, width: int) -> None:
        for cell in self._cells(layer):
            if not cell.built:
                cell.build((None, width))

    def _first_steps(self, inputs: Tensor, training: bool | None) -> Tensor:
        """What the lowest layer reads, `(length, batch, input_size)`."""
        steps = ops.transpose(ops.cast(inputs, self.compute_dtype), (1, 0, 2))
        return self._drop(steps, self.input_dropout, training)

    def _drop(self, steps: Tensor, rate: float, training: bool | None) -> Tensor:
        return dropout_factors.drop(steps, rate, self.seed_generator, training)

    def _draw_from(self, inputs: Tensor, training: bool | None) -> Callable[[], Tensor | None]:
        """What draws the factors on the state of one cell."""
        shape = (ops.shape(inputs)[0], self.units)
        rate, seed = self.recurrent_dropout, self.seed_generator
        return lambda: dropout_factors.draw_factors(shape, rate, seed, training)

    def _memory(self, steps: Tensor, mask: Tensor | None, training: bool | None) -> Tensor:
        """The memory, batch first, of the top layer's outputs."""
        steps = self._drop(steps, self.output_dropout, training)
        return masking.zero_padding(ops.transpose(steps, (1, 0, 2)), mask)

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


def time_first(mask: Tensor | None) -> Tensor | None:
    """Returns `(time, batch)` of a mask `(batch, time)`, if there is one."""
    return None if mask is None else ops.transpose(ops.cast(mask, "bool"))
