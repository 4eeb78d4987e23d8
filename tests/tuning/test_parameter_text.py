from typing import Any

import pytest

from kerasseq.tuning.parameter_text import parse_parameter, plain_parameter
from kerasseq.tuning.parameters import Choice, Fixed, Parameter, Range


@pytest.mark.parametrize(
    "parameter",
    [
        Choice(("gru", "lstm")),
        Choice((None, {"name": "dense", "direction": "backward"}), when={"a.b": ("x",)}),
        Range(1, 4),
        Range(1e-4, 1e-2, scale="log", when={"a.b": (True,)}),
        Range(0.1, 0.5, step=0.1),
        Fixed("gru"),
        Fixed({"name": "dense"}),
        Fixed(["embedding", "encoder"]),
        Fixed(None),
    ],
)
def test_a_parameter_is_read_back_from_plain_values(parameter: Parameter) -> None:
    again = parse_parameter("field", plain_parameter(parameter))
    assert plain_parameter(again) == plain_parameter(parameter)
    assert type(again) is type(parameter)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"minimum": 1}, "`a.b`: .*missing 1 required positional argument: 'maximum'"),
        ({"maximum": 1}, "`a.b`: .*missing 1 required positional argument: 'minimum'"),
        ({"minimum": 3, "maximum": 1}, "`a.b`: `minimum` must be below `maximum`"),
        ({"name": "dense"}, r"`a.b` must be a value, a list of values, .*\{'name': 'dense'\}"),
        ([], "`a.b`: `values` must hold at least one value"),
    ],
)
def test_what_says_no_parameter_is_named_with_its_field(said: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_parameter("a.b", said)
