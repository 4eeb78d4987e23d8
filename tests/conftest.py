"""Arrays that tests of several rooms are fed with."""

import gc
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

Array = np.ndarray


@pytest.fixture
def fresh_heap() -> Iterator[None]:
    """Collections of garbage leave out what earlier tests have left: that takes many seconds.

    At the end of all tests, those that collect several times took 43 and 93 s, alone 1 and 10.
    """
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def numbers() -> Callable[..., Array]:
    """Makes float32 arrays of given shapes: `sin` of a row of numbers, a new row for each."""
    made = 0

    def make(*shape: int) -> Array:
        nonlocal made
        made += 1
        return np.sin(made + 1.7 * np.arange(np.prod(shape))).reshape(shape).astype("float32")

    return make


@pytest.fixture
def mask_of() -> Callable[..., Array]:
    """Makes a boolean mask from lengths: `mask_of([3, 1], 4)` is `(2, 4)`, True on the left."""

    def make(lengths: Sequence[int], width: int) -> Array:
        return np.arange(width) < np.array(lengths)[:, None]

    return make
