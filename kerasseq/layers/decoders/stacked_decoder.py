from typing import Any

import keras

from kerasseq import checks, serialization
from kerasseq.layers.cells.cell_stack import (
    check_residual_from,
    keep_pattern,
    make_cells,
    serialize_cell,
)
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.decoders.decoder import Decoder
from kerasseq.layers.decoders.readouts import READOUTS, Readout
from kerasseq.typing import State, Tensor


class StackedDecoder(Decoder):
    """A decoder of cells above one another, of whose states a readout makes the output.

    A subclass makes the parts in its own `__init__`, by `make_cells` and `make_readout`.

    Args:
        units: size of the cells' state.
        cell: name, config or pattern of the cells.
        num_layers: cells above one another.
        readout: name, config or layer of what makes the output.
        readout_units: size of the output; `None` means `units`.
        dropout: share dropped between the layers and of the output, in training.
        recurrent_dropout: share of the state dropped in the recurrent product.
        residual_from: the first layer, counted from 0, that adds its input to its output.
        seed: seed of the dropout.

    Raises:
        ValueError: if an argument is out of range.
    """

    cell: Any
    cells: list[RecurrentCell]
    readout_layer: Readout

    def __init__(
        self,
        units: int,
        cell: Any,
        num_layers: int,
        *,
        readout: Any,
        readout_units: int | None,
        dropout: float,
        recurrent_dropout: float,
        residual_from: int | None,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_layers", num_layers)
        checks.check_rate("dropout", dropout)
        checks.check_rate("recurrent_dropout", recurrent_dropout)
        check_residual_from(residual_from, num_layers, minimum=1)
        self.units = units
        keep_pattern(self, cell)
        self.num_layers = num_layers
        self.readout = readout
        self.readout_units = readout_units
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.residual_from = residual_from
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def make_cells(self, count: int, name: str) -> list[RecurrentCell]:
        """Returns so many cells of the decoder's kind."""
        return make_cells(self.cell, self.units, count, name, self.dtype_policy)

    def make_readout(self) -> Readout:
        """Returns the layer that makes the output."""
        units = self.readout_units or self.units
        return serialization.get(
            READOUTS, self.readout, "readout", units=units, dtype=self.dtype_policy
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
            "readout": plain(self.readout),
            "readout_units": self.readout_units,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "residual_from": self.residual_from,
            "seed": self.seed,
        }

    @property
    def shares_states(self) -> bool:
        return all(cell.shares_states for cell in self.cells)

    @property
    def output_size(self) -> int:
        return self.readout_layer.units

    def output_spec(
        self, inputs: Tensor, memory: Tensor, carried: State
    ) -> tuple[Tensor, State, Tensor]:
        """Returns the shapes of a call's results.

        Args:
            inputs: `(batch, target_length, input_size)`.
            memory: `(batch, source_length, memory_size)`.
            carried: what is in the state behind those of the cells.
        """
        batch, length = inputs.shape[:2]
        outputs = keras.KerasTensor((batch, length, self.output_size), dtype=self.compute_dtype)
        state = [state_spec(batch, size) for cell in self.cells for size in cell.state_sizes]
        weights = keras.KerasTensor((batch, length, memory.shape[1]), dtype="float32")
        return outputs, state + carried, weights


def state_spec(batch: int | None, size: int, dtype: str = "float32") -> Tensor:
    """Returns the shape of one tensor of a state."""
    return keras.KerasTensor((batch, size), dtype=dtype)


def plain(value: Any) -> Any:
    """Returns what `get_config` stores for an argument that may be a layer."""
    if isinstance(value, keras.layers.Layer):
        return keras.saving.serialize_keras_object(value)
    return value
