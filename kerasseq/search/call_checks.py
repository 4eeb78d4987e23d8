"""Whether the arguments of a search's call belong together, as far as they are known.

In a graph shapes may be unknown, and values are; what is known is checked.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.typing import State, Tensor


def integers(name: str, value: Any, axes: int) -> Tensor:
    """Returns an argument as an int32 tensor.

    Args:
        name: the argument's.
        value: a tensor, an array or a list.
        axes: how many it must have.

    Raises:
        ValueError, TypeError: if it has other axes, or holds no integers.
    """
    tensor = ops.convert_to_tensor(value)
    _check_axes(name, tensor, axes)
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if not dtype.startswith(("int", "uint")) and 0 not in tuple(tensor.shape):
        raise TypeError(f"`{name}` must hold integers. Received: {dtype}.")
    return ops.cast(tensor, "int32")


def booleans(name: str, value: Any, axes: int) -> Tensor:
    """Returns an argument as a boolean tensor.

    Args:
        name: the argument's.
        value: a tensor, an array or a list.
        axes: how many it must have.

    Raises:
        ValueError: if it has other axes.
    """
    tensor = ops.convert_to_tensor(value)
    _check_axes(name, tensor, axes)
    return ops.cast(tensor, "bool")


def check_rows(given: dict[str, Tensor | None], state: State) -> None:
    """Raises unless all arguments have a row for each source.

    Args:
        given: the arguments by name, `max_lengths` among them.
        state: the step function's.
    """
    limits: Any = given["max_lengths"]
    rows = limits.shape[0]
    states = {f"state[{place}]": tensor for place, tensor in enumerate(state)}
    for name, tensor in {**given, **states}.items():
        if tensor is None or rows is None:
            continue
        found = tuple(tensor.shape)[:1] or ("no axis",)
        if found[0] not in (None, rows):
            raise ValueError(
                f"`{name}` must have a row for each of the {rows} sources that `max_lengths` has. "
                f"Received: {found[0]}."
            )


def check_same_shape(name: str, tensor: Tensor, expected: tuple[int | None, ...]) -> None:
    """Raises unless a tensor has a shape, as far as both are known."""
    shape = tuple(tensor.shape)
    same = len(shape) == len(expected) and all(
        None in sizes or len(set(sizes)) == 1 for sizes in zip(shape, expected, strict=True)
    )
    if not same:
        raise ValueError(f"`{name}` must have the shape {expected}. Received: shape {shape}.")


def check_lengths(name: str, lengths: Tensor, ids_name: str, token_ids: Tensor) -> None:
    """Raises if ids are said to be more than they are.

    Args:
        name: the argument of the lengths.
        lengths: integers.
        ids_name: the argument of the ids.
        token_ids: `(..., width)` integers.
    """
    found, width = concrete(lengths), token_ids.shape[-1]
    if found is None or width is None or not found.size:
        return
    if found.min() < 0 or found.max() > width:
        raise ValueError(
            f"`{name}` must be between 0 and the {width} columns of `{ids_name}`. "
            f"Received: {found.tolist()}."
        )


def check_ids(name: str, token_ids: Tensor, lengths: Any, size: int | None) -> None:
    """Raises if an id is none of the vocabulary's.

    Args:
        name: the argument of the ids.
        token_ids: `(rows, width)` integers.
        lengths: `(rows,)` integers, how many of each row are real.
        size: of the vocabulary, if it is known.
    """
    ids, lengths = concrete(token_ids), concrete(lengths)
    if ids is None or lengths is None or size is None:
        return
    real = ids[np.arange(ids.shape[1]) < lengths[:, None]]
    if np.any((real < 0) | (real >= size)):
        raise ValueError(
            f"`{name}` must be ids of the vocabulary, at least 0 and below {size}. "
            f"Received: {sorted({int(each) for each in real if not 0 <= each < size})}."
        )


def concrete(tensor: Tensor) -> np.ndarray | None:
    """Returns the values of a tensor, or None where they are not known, as in a graph."""
    if hasattr(tensor, "numpy"):  # TensorFlow's, run eagerly
        return np.asarray(tensor)
    if isinstance(tensor, np.ndarray):
        return tensor
    return _of_jax(tensor)


def _of_jax(tensor: Tensor) -> np.ndarray | None:
    if keras.backend.backend() != "jax":
        return None
    try:
        return np.asarray(tensor)
    except TypeError:  # a tracer
        return None


def _check_axes(name: str, tensor: Tensor, axes: int) -> None:
    if len(tensor.shape) != axes:
        raise ValueError(
            f"`{name}` must have {axes} {'axis' if axes == 1 else 'axes'}. "
            f"Received: shape {tuple(tensor.shape)}."
        )
