from typing import Any

import pytest

from kerasseq.tuning.parameters import Choice, Fixed, Parameter, Range, label


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (Choice, ["gru"], "`values` must be a list of values. Received: 'gru'"),
        (Choice, [()], r"at least one value, and none twice. Received: \[\]"),
        (Choice, [(1, 1)], r"none twice. Received: \[1, 1\]"),
        (Choice, [(1, float("nan"))], "must be a string, a number, true, .* Received: nan"),
        (Choice, [("a", {1})], r"Received: \{1\}"),
        (Range, [2, 2], "`minimum` must be below `maximum`. Received: 2 and 2"),
        (Range, ["1", 2], "`minimum` must be a finite number. Received: '1'"),
        (Range, [0.0, 1.0, None, "log"], "`minimum` must be a number above 0. Received: 0.0"),
        (Range, [1, 2, None, "square"], "`scale` must be one of 'linear', 'log'. .*'square'"),
        (Range, [1, 4, 0.5], "`step` must be an integer, as .* Received: 0.5"),
        (Range, [1, 4, 1, "log"], "`step` is a factor on a logarithmic scale.* Received: 1"),
        (Range, [1, 4, 0], "`step` must be a number above 0. Received: 0"),
        (Range, [1, 4, None, "linear", {"a": "b"}], r"`when\['a'\]` must be a list .*'b'"),
        (Range, [1, 4, None, "linear", {"a": ()}], r"`when\['a'\]` must be a list .*\(\)"),
        (Range, [1, 4, None, "linear", "a"], "`when` must map fields to lists .* Received: 'a'"),
    ],
)
def test_a_mistake_is_named(kind: Any, arguments: list[Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        kind(*arguments)


def test_true_and_1_are_two_values() -> None:
    assert label(True) != label(1)
    assert Choice((1, True)).values == (1, True)


def test_a_range_of_integers_is_one_only_if_both_are() -> None:
    assert Range(1, 2).is_integer
    assert not Range(1, 2.0).is_integer


def test_a_range_has_both_its_bounds() -> None:
    contained = [value for value in (0, 1, 1.5, 2, 3, "1") if Range(1, 2.0).contains(value)]
    assert contained == [1, 1.5, 2]


def test_widening_moves_bounds_outwards_and_adds_values() -> None:
    assert Range(2, 4).widen((), 1, None) == Range(1, 4)
    assert Choice((1, 2)).widen((3,), None, None) == Choice((1, 2, 3))
    assert Fixed("gru").widen(("lstm",), None, None) == Choice(("gru", "lstm"))


@pytest.mark.parametrize(
    ("parameter", "arguments", "message"),
    [
        (Range(2, 4), ((), 3, None), "to widen 2 to 4 is to move a bound outwards. .* 3 to 4"),
        (Range(2, 4), ((), None, 3), "to widen 2 to 4 is to move a bound outwards. .* 2 to 3"),
        (Range(2, 4), ((), None, None), "a range is widened with `minimum` or `maximum`"),
        (Range(2, 4), ((5,), None, None), r"Received: values=\[5\], minimum=None"),
        (Choice((1,)), ((), 0, None), r"a choice is widened with `values`. .*minimum=0"),
        (Choice((1,)), ((1,), None, None), r"none twice. Received: \[1, 1\]"),
    ],
)
def test_what_makes_nothing_wider_is_an_error(
    parameter: Parameter, arguments: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parameter.widen(*arguments)
