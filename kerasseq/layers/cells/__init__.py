"""Recurrent cells: one step of an encoder or a decoder. Start at `recurrent_cell.py`."""

from typing import Any

from kerasseq import serialization
from kerasseq.layers.cells.gru_cell import GRUCell
from kerasseq.layers.cells.lstm_cell import LSTMCell
from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.cells.simple_cell import SimpleCell

CELLS: dict[str, type[RecurrentCell]] = {
    "gru": GRUCell,
    "lstm": LSTMCell,
    "simple": SimpleCell,
}

__all__ = ["CELLS", "GRUCell", "LSTMCell", "RecurrentCell", "SimpleCell", "get_cell"]


def get_cell(identifier: Any, **arguments: Any) -> RecurrentCell:
    """Returns a cell by name, config or object; see `kerasseq.serialization.get`."""
    return serialization.get(CELLS, identifier, "cell", **arguments)
