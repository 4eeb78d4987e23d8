"""Recurrent cells: one step of an encoder or a decoder. Start at `recurrent_cell.py`."""

from collections.abc import Mapping
from typing import Any

import keras

from kerasseq import serialization
from kerasseq.layers.cells.gru_cell import GRUCell
from kerasseq.layers.cells.keras_cell import KerasCell, is_keras_cell
from kerasseq.layers.cells.layer_normalized_gru_cell import LayerNormalizedGRUCell
from kerasseq.layers.cells.layer_normalized_lstm_cell import LayerNormalizedLSTMCell
from kerasseq.layers.cells.lstm_cell import LSTMCell
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.cells.residual_cell import ResidualCell
from kerasseq.layers.cells.simple_cell import SimpleCell

CELLS: dict[str, type[RecurrentCell]] = {
    "gru": GRUCell,
    "keras": KerasCell,
    "layer_normalized_gru": LayerNormalizedGRUCell,
    "layer_normalized_lstm": LayerNormalizedLSTMCell,
    "lstm": LSTMCell,
    "residual": ResidualCell,
    "simple": SimpleCell,
}

__all__ = [
    "CELLS",
    "GRUCell",
    "KerasCell",
    "LSTMCell",
    "LayerNormalizedGRUCell",
    "LayerNormalizedLSTMCell",
    "RecurrentCell",
    "ResidualCell",
    "SimpleCell",
    "get_cell",
]


def get_cell(identifier: Any, **arguments: Any) -> RecurrentCell:
    """Returns a cell by name, config or object; see `kerasseq.serialization.get`.

    A cell of Keras, or the config of one, is wrapped in a `KerasCell`.
    """
    if isinstance(identifier, Mapping) and "class_name" in identifier:
        identifier = keras.saving.deserialize_keras_object(dict(identifier))
    if is_keras_cell(identifier):
        return KerasCell(cell=identifier, **arguments)
    return serialization.get(CELLS, identifier, "cell", **arguments)
