"""Dropout factors drawn once, before a loop reads them."""

from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.typing import Tensor


def make_generator(seed: int | None) -> keras.random.SeedGenerator:
    """Returns a generator of draws.

    Args:
        seed: a number of 32 bits; `None` for one that is drawn.

    Raises:
        TypeError, ValueError: if it is none.
    """
    if seed is not None:
        checks.check_seed("seed", seed)
    return keras.random.SeedGenerator(seed)


def draw_factors(
    shape: Any, rate: float, seed: keras.random.SeedGenerator, training: bool | None
) -> Tensor | None:
    """Returns float32 factors of 0 and 1 / (1 - rate), or `None` where nothing is dropped.

    Args:
        shape: of the factors; may hold scalar tensors.
        rate: share that is dropped.
        seed: generator that the draw advances.
        training: nothing is dropped unless it is `True`.
    """
    if not training or rate == 0:
        return None
    return keras.random.dropout(ops.ones(shape, "float32"), rate, seed=seed)


def drop(
    inputs: Tensor, rate: float, seed: keras.random.SeedGenerator, training: bool | None
) -> Tensor:
    """Returns `inputs` with each element dropped by itself, and the others scaled up."""
    if not training or rate == 0:
        return inputs
    return keras.random.dropout(inputs, rate, seed=seed)
