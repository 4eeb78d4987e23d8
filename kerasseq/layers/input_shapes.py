"""Says what is wrong with the tensors that a layer is given, before they are used."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasseq.typing import Shape, Tensor


def check_sequence(layer: Any, argument: str, shape: Any) -> None:
    """Raises unless that is the shape of one tensor `(batch, length, size)`.

    Args:
        layer: who is given it.
        argument: its name.
        shape: the shape, or a list of shapes where a list of tensors was given.
    """
    expectation = (
        f"`{argument}` of `{type(layer).__name__}` must be one tensor with the three axes "
        "(batch, length, size)."
    )
    if _is_list_of_shapes(shape):
        raise ValueError(
            f"{expectation} Received: a list of {len(shape)} tensors. States have an argument of "
            "their own."
        )
    if len(shape) == 2:
        raise ValueError(
            f"{expectation} Received: shape {tuple(shape)}. Embed token ids first, as "
            "`TokenEmbedding` does."
        )
    if len(shape) != 3:
        raise ValueError(f"{expectation} Received: shape {tuple(shape)}.")


def check_state(layer: Any, argument: str, shapes: Sequence[Shape]) -> None:
    """Raises unless those are the shapes of a list of tensors `(batch, size)`.

    Args:
        layer: who is given it.
        argument: its name.
        shapes: a list of shapes, or one shape where one tensor was given.
    """
    expectation = (
        f"`{argument}` of `{type(layer).__name__}` must be a list of tensors with the two axes "
        "(batch, size)."
    )
    if not _is_list_of_shapes(shapes):
        way_out = f"Write `[{argument}]`." if len(shapes) == 2 else "A memory is no state."
        raise ValueError(f"{expectation} Received: one tensor of shape {tuple(shapes)}. {way_out}")
    if any(len(shape) != 2 for shape in shapes):
        raise ValueError(f"{expectation} Received: shapes {[tuple(shape) for shape in shapes]}.")


def is_float(values: Tensor) -> bool:
    """Whether `values` are floating-point numbers: vectors, and not token ids."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(values.dtype))


def _is_list_of_shapes(shape: Any) -> bool:
    """Whether these are shapes, and not the axes of one; a file has lists for tuples."""
    return all(isinstance(each, list | tuple) for each in shape)
