from typing import Any

import numpy as np
import pytest

from kerasseq.data import Pairs


def test_pairs_hold_sources_beside_targets() -> None:
    pairs = Pairs(["one", "two"], ["ett", "två"])
    assert len(pairs) == 2
    assert pairs[1] == ("two", "två")
    assert list(pairs) == [("one", "ett"), ("two", "två")]
    assert pairs.references == [["ett"], ["två"]]
    assert repr(pairs) == "<Pairs: 2>"


def test_tuples_and_two_lists_give_equal_pairs() -> None:
    assert Pairs.from_tuples([("one", "ett")]) == Pairs(["one"], ["ett"])
    assert Pairs.from_tuples(np.array([["one", "ett"]])) == Pairs(["one"], ["ett"])
    assert Pairs.from_tuples([("one", "ett")]) != Pairs(["one"], ["en"])
    assert Pairs(["one"], ["ett"]) != [("one", "ett")]


def test_an_empty_text_is_a_text() -> None:
    assert Pairs([""], ["x"])[0] == ("", "x")


def test_a_slice_keeps_the_references() -> None:
    pairs = Pairs(["a", "b"], ["x", "y"], [["x", "X"], ["y"]])
    assert pairs[:1] == Pairs(["a"], ["x"], [["x", "X"]])


def test_group_joins_the_targets_of_a_source_in_order_and_each_once() -> None:
    pairs = Pairs.from_tuples([("a", "2"), ("b", "9"), ("a", "1"), ("a", "2")]).group()
    assert pairs.sources == ["a", "b"]
    assert pairs.targets == ["2", "9"]
    assert pairs.references == [["2", "1"], ["9"]]
    assert pairs.group() == pairs


def test_sides_of_unequal_length_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"Received: 2 sources, 1 targets\."):
        Pairs(["a", "b"], ["x"])
    with pytest.raises(ValueError, match=r"Received: 1 sources, 2 references\."):
        Pairs(["a"], ["x"], [["x"], ["y"]])


def test_what_is_not_a_text_is_an_error_with_its_index() -> None:
    with pytest.raises(TypeError, match=r"`targets\[1\]` must be a string\. Received: None\."):
        Pairs(["a", "b"], ["x", None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"`sources` must be an iterable of strings\. .*'ab'"):
        Pairs("ab", ["x", "y"])


def test_tuples_of_another_length_are_an_error_with_their_index() -> None:
    with pytest.raises(ValueError, match=r"`tuples\[1\]` .* Received: \('b', 'y', 'z'\)\."):
        Pairs.from_tuples([("a", "x"), ("b", "y", "z")])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"`tuples\[0\]` .* Received: 'ab'\."):
        Pairs.from_tuples(["ab"])  # type: ignore[list-item]


@pytest.mark.parametrize("row", [{"a": "x", "b": "y"}, {"a", "b"}, b"ab", 7, None, ("a", 1)])
def test_what_holds_no_two_texts_in_order_is_an_error(row: Any) -> None:
    with pytest.raises(ValueError, match=r"`tuples\[0\]` must be a \(source, target\) tuple"):
        Pairs.from_tuples([row])


def test_references_begin_with_the_target() -> None:
    with pytest.raises(ValueError, match=r"`references\[0\]` .* target 'x'\. Received: \['y'\]"):
        Pairs(["a"], ["x"], [["y"]])


def test_lists_that_change_later_change_no_pairs() -> None:
    sources, targets, references = ["a"], ["x"], [["x", "y"]]
    pairs = Pairs(sources, targets, references)
    sources.append("b")
    targets[0] = "z"
    references[0].append("w")
    assert (pairs.sources, pairs.targets, pairs.references) == (["a"], ["x"], [["x", "y"]])
