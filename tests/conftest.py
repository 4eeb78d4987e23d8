"""Arrays that tests of several rooms are fed with."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

Array = np.ndarray


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
