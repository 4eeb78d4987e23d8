"""Argument checks: the only wording of their messages.

Each check names the argument, what it must be and what came. A value out of range is an error,
never a clamp. `bool` is not a number here, although Python counts it as one.
"""

import numbers
import os
from collections.abc import Collection, Sequence
from typing import Any


def _fail(kind: type[Exception], name: str, expectation: str, value: Any, hint: str = "") -> None:
    raise kind(f"`{name}` must be {expectation}. Received: {value!r}.{' ' + hint if hint else ''}")


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_integer(
    name: str, value: Any, minimum: int | None = None, maximum: int | None = None
) -> None:
    """Raises unless `value` is an integer within `[minimum, maximum]`."""
    bound = "" if minimum is None else f" of at least {minimum}"
    bound += "" if maximum is None else f"{' and' if bound else ' of'} at most {maximum}"
    if not _is_integer(value):
        _fail(TypeError, name, f"an integer{bound}", value)
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        _fail(ValueError, name, f"an integer{bound}", value)


def check_seed(name: str, value: Any) -> None:
    """Raises unless `value` is a seed that NumPy, TensorFlow and Python all take."""
    check_integer(name, value, minimum=0, maximum=2**32 - 1)


def check_positive_integer(name: str, value: Any) -> None:
    """Raises unless `value` is an integer of at least 1."""
    check_integer(name, value, minimum=1)


def check_number(
    name: str, value: Any, minimum: float | None = None, maximum: float | None = None
) -> None:
    """Raises unless `value` is a finite number within `[minimum, maximum]`."""
    expectation = "a finite number"
    if minimum is not None and maximum is not None:
        expectation += f" between {minimum} and {maximum}"
    elif minimum is not None:
        expectation += f" of at least {minimum}"
    elif maximum is not None:
        expectation += f" of at most {maximum}"
    if not _is_number(value):
        _fail(TypeError, name, expectation, value)
    low = float("-inf") if minimum is None else minimum
    high = float("inf") if maximum is None else maximum
    if not (low <= value <= high and abs(value) != float("inf")):
        _fail(ValueError, name, expectation, value)


def check_positive(name: str, value: Any) -> None:
    """Raises unless `value` is a finite number above 0."""
    if not _is_number(value):
        _fail(TypeError, name, "a number above 0", value)
    if not 0 < value < float("inf"):
        _fail(ValueError, name, "a number above 0", value)


def check_rate(name: str, value: Any) -> None:
    """Raises unless `value` is a share that may be dropped: at least 0 and below 1."""
    if not _is_number(value):
        _fail(TypeError, name, "a number in [0, 1)", value)
    if not 0 <= value < 1:
        _fail(ValueError, name, "a number in [0, 1)", value)


def check_probability(name: str, value: Any) -> None:
    """Raises unless `value` is a number between 0 and 1, both included."""
    if not _is_number(value):
        _fail(TypeError, name, "a number in [0, 1]", value)
    if not 0 <= value <= 1:
        _fail(ValueError, name, "a number in [0, 1]", value)


def check_boolean(name: str, value: Any) -> None:
    """Raises unless `value` is `True` or `False`."""
    if not isinstance(value, bool):
        _fail(TypeError, name, "True or False", value)


def check_folder(name: str, path: str | os.PathLike[str]) -> None:
    """Raises unless a folder can be, or be made, at `path`: an empty one is none, nor is a file."""
    if not os.fspath(path):
        raise ValueError(f"`{name}` must name a folder. Received: an empty path.")
    if os.path.exists(path) and not os.path.isdir(path):
        raise ValueError(f"`{name}` must name a folder. Received the file {os.fspath(path)!r}.")


def check_string(name: str, value: Any) -> None:
    """Raises unless `value` is a `str`."""
    if not isinstance(value, str):
        _fail(TypeError, name, "a string", value)


def check_strings(name: str, value: Any) -> None:
    """Raises unless `value` is a non-empty list (or tuple) of `str`; names the first that is not.

    One bare string is an error too, although Python counts it as a sequence of strings.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        _fail(TypeError, name, "a list of strings", value)
    if not value:
        _fail(ValueError, name, "a list of at least one string", value)
    for index, item in enumerate(value):
        if not isinstance(item, str):
            _fail(TypeError, f"{name}[{index}]", "a string", item)


def check_one_of(name: str, value: Any, options: Collection[Any]) -> None:
    """Raises unless `value` is one of `options`."""
    # 1 is no `True`, though it equals it.
    is_one = any(
        value == option and isinstance(value, bool) == isinstance(option, bool)
        for option in options
    )
    if not is_one:
        _fail(ValueError, name, "one of " + ", ".join(repr(option) for option in options), value)
