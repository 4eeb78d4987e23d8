"""How tests make a cell of the family by its name."""

from collections.abc import Callable
from typing import Any

import keras
import pytest

from kerasseq.layers.cells import CELLS, RecurrentCell


def on_every_backend(name: str) -> Any:
    """One member stands for all on the other backends."""
    return pytest.param(name, marks=pytest.mark.backend) if name == "gru" else name


@pytest.fixture(params=[on_every_backend(name) for name in sorted(CELLS)])
def cell_name(request: pytest.FixtureRequest) -> str:
    """Each name of the family, one after the other."""
    return str(request.param)


@pytest.fixture
def make_cell() -> Callable[..., RecurrentCell]:
    """Makes a cell of a name; one of Keras needs to be told which."""

    def make(name: str, units: int, **options: Any) -> RecurrentCell:
        if name == "keras":
            options["cell"] = keras.layers.GRUCell(max(units, 1))
        return CELLS[name](units=units, **options)

    return make
