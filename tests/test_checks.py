"""The only wording of the messages about arguments, with the values that came."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq import checks


def refused(kind: type[Exception], message: str) -> Any:
    """Expects an error whose message is this and nothing else."""
    return pytest.raises(kind, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("value", [-3, 0, 7, np.int64(7), np.uint8(7)])
def test_an_integer_is_python_s_or_numpy_s(value: Any) -> None:
    checks.check_integer("seed", value)


@pytest.mark.parametrize("value", [True, 3.0, np.float32(3), "3", None, np.bool_(True)])
def test_what_is_no_integer_is_not_made_one(value: Any) -> None:
    with refused(TypeError, f"`seed` must be an integer. Received: {value!r}."):
        checks.check_integer("seed", value)
    with refused(TypeError, f"`units` must be an integer of at least 1. Received: {value!r}."):
        checks.check_positive_integer("units", value)


def test_an_integer_below_its_minimum_is_refused() -> None:
    checks.check_integer("step", 2, minimum=2)
    with refused(ValueError, "`step` must be an integer of at least 2. Received: 1."):
        checks.check_integer("step", 1, minimum=2)


def test_a_positive_integer_begins_at_one() -> None:
    checks.check_positive_integer("units", 1)
    with refused(ValueError, "`units` must be an integer of at least 1. Received: 0."):
        checks.check_positive_integer("units", 0)


@pytest.mark.parametrize(
    ("bounds", "expectation", "outside"),
    [
        ({}, "a finite number", [math.inf, -math.inf, math.nan]),
        ({"minimum": 0}, "a finite number of at least 0", [-1e-9, math.inf, math.nan]),
        ({"maximum": 2.5}, "a finite number of at most 2.5", [2.6, -math.inf, math.nan]),
        ({"minimum": 0, "maximum": 1}, "a finite number between 0 and 1", [-1, 1.5, math.nan]),
    ],
)
def test_a_number_says_its_bounds(
    bounds: dict[str, float], expectation: str, outside: list[float]
) -> None:
    for value in bounds.values():
        checks.check_number("alpha", value, **bounds)
    for value in outside:
        with refused(ValueError, f"`alpha` must be {expectation}. Received: {value!r}."):
            checks.check_number("alpha", value, **bounds)
    for wrong in (True, "1", None, 1j):
        with refused(TypeError, f"`alpha` must be {expectation}. Received: {wrong!r}."):
            checks.check_number("alpha", wrong, **bounds)


@pytest.mark.parametrize(
    ("check", "expectation", "inside", "outside"),
    [
        (checks.check_positive, "a number above 0", [1e-9, 3], [0, -1, math.inf, math.nan]),
        (checks.check_rate, "a number in [0, 1)", [0, 0.5, np.float32(0.9)], [-0.1, 1, math.nan]),
        (checks.check_probability, "a number in [0, 1]", [0, 1, 0.5], [-0.1, 1.1, math.nan]),
    ],
)
def test_a_share_is_refused_and_never_cut_to_fit(
    check: Any, expectation: str, inside: list[float], outside: list[float]
) -> None:
    for value in inside:
        check("dropout", value)
    for value in outside:
        with refused(ValueError, f"`dropout` must be {expectation}. Received: {value!r}."):
            check("dropout", value)
    for wrong in (False, "0.1", None):
        with refused(TypeError, f"`dropout` must be {expectation}. Received: {wrong!r}."):
            check("dropout", wrong)


def test_a_boolean_is_true_or_false_alone() -> None:
    checks.check_boolean("scale", True)
    checks.check_boolean("scale", False)
    for value in (0, 1, "yes", None):
        with refused(TypeError, f"`scale` must be True or False. Received: {value!r}."):
            checks.check_boolean("scale", value)


def test_a_string_is_no_bytes() -> None:
    checks.check_string("name", "")
    for value in (b"a", 3, None):
        with refused(TypeError, f"`name` must be a string. Received: {value!r}."):
            checks.check_string("name", value)


def test_strings_are_a_list_and_its_first_stranger_is_named() -> None:
    checks.check_strings("texts", ["a", ""])
    checks.check_strings("texts", ("a",))
    for value in ("abc", b"abc", {"a"}, None, 3):
        with refused(TypeError, f"`texts` must be a list of strings. Received: {value!r}."):
            checks.check_strings("texts", value)
    with refused(ValueError, "`texts` must be a list of at least one string. Received: []."):
        checks.check_strings("texts", [])
    with refused(TypeError, "`texts[1]` must be a string. Received: 3."):
        checks.check_strings("texts", ["a", 3, None])


def test_one_of_lists_the_options_in_their_order() -> None:
    checks.check_one_of("layer", "top", ("top", "first"))
    with refused(ValueError, "`layer` must be one of 'top', 'first'. Received: 'last'."):
        checks.check_one_of("layer", "last", ("top", "first"))


def test_a_folder_has_a_name_and_is_no_file(tmp_path: Path) -> None:
    checks.check_folder("output", tmp_path)
    checks.check_folder("output", tmp_path / "new")
    with pytest.raises(ValueError, match="`output` must name a folder. Received: an empty path"):
        checks.check_folder("output", "")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="`output` must name a folder. Received the file '.*file"):
        checks.check_folder("output", tmp_path / "file")
