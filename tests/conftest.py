"""Arrays that tests of several rooms are fed with."""

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

Array = np.ndarray


FILES = 8
_files = itertools.count(1)


@pytest.fixture(autouse=True, scope="module")
def _graphs_do_not_pile_up() -> Iterator[None]:
    """Frees now and then what TensorFlow keeps of graphs with gradients of their own, for good.

    After a thousand tests these are gigabytes, and a collection of garbage takes twenty seconds.
    """
    yield
    if "tensorflow" in sys.modules and next(_files) % FILES == 0:
        from kerasseq.experiments.network_session import release_memory

        release_memory(known=set())


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
