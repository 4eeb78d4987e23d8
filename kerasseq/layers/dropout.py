"""Dropout factors drawn once, before a loop reads them."""

from typing import Any

import keras
from keras import ops

from kerasseq.typing import Tensor


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
