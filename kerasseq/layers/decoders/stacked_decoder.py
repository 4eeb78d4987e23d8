from typing import Any

import keras
from keras import ops

from kerasseq import checks, serialization
from kerasseq.layers.cells.cell_stack import (
    check_recurrent_dropout,
    check_residual_from,
    keep_pattern,
    make_cells,
    serialize_cell,
)
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.decoders.decoder import Decoder
from kerasseq.layers.decoders.readouts import READOUTS, Combine, Readout
from kerasseq.layers.dropout import make_generator
from kerasseq.layers.given_layers import config_of, kept
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
        if readout_units is not None:
            checks.check_positive_integer("readout_units", readout_units)
        check_residual_from(residual_from, num_layers, minimum=1)
        self.units = units
        keep_pattern(self, cell)
        self.num_layers = num_layers
        self.readout = kept(readout)
        self.readout_units = readout_units
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.residual_from = residual_from
        self.seed = seed
        self.seed_generator = make_generator(seed)

    def make_cells(self, count: int, name: str) -> list[RecurrentCell]:
        """Returns so many cells of the decoder's kind."""
        cells = make_cells(self.cell, self.units, count, name, self.part_options)
        check_recurrent_dropout(self.recurrent_dropout, cells)
        return cells

    def make_readout(self, readout: Any) -> Readout:
        """Returns the layer that makes the output, from the argument of that name."""
        units = self.units if self.readout_units is None else self.readout_units
        layer = serialization.get(READOUTS, readout, "readout", units=units, **self.part_options)
        if self.readout_units is not None and layer.units != units:
            raise ValueError(
                "`readout_units` must be the `units` of the readout, where that says its own. "
                f"Received: {units}, and a readout of {layer.units}. Leave one of the two out."
            )
        return layer

    def bind_readout(self) -> Combine:
        """Reads the readout's weights once; what it gives is in the decoder's dtype.

        A readout that was given as a layer may have a policy of its own.
        """
        combine = self.readout_layer.bind()

        def cast(projected: Tensor | None, hidden: Tensor, context: Tensor | None) -> Tensor:
            return ops.cast(combine(projected, hidden, context), self.compute_dtype)

        return cast

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "cell": serialize_cell(self.cell),
            "num_layers": self.num_layers,
            "readout": config_of(self.readout, self.readout_layer),
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
