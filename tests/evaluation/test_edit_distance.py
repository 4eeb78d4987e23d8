from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseq.evaluation import edit_distance


def table_distance(first: Sequence[int], second: Sequence[int]) -> int:
    """The dynamic programme as textbooks write it."""
    row = list(range(len(second) + 1))
    for i, mine in enumerate(first, 1):
        corner, row[0] = row[0], i
        for j, other in enumerate(second, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (mine != other))
    return row[-1]


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("same", "same", 0),
        ("kitten", "sitting", 3),  # k -> s, e -> i, + g
        ("saturday", "sunday", 3),  # - a, - t, r -> n
        ("ab", "ba", 2),  # a transposition is two edits
        ("a" * 100, "a" * 70, 30),  # longer than a machine word
        ("é", "e\u0301", 2),  # code points: one letter in two ways is not equal
    ],
)
def test_known_distances(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second) == distance


def test_tokens_are_compared_whole() -> None:
    assert edit_distance(["AH0", "B"], ["AH1", "B"]) == 1


small = st.lists(st.integers(0, 3), max_size=14)


@given(small, small)
def test_equals_the_textbook_table(first: list[int], second: list[int]) -> None:
    assert edit_distance(first, second) == table_distance(first, second)


@given(small, small)
def test_is_symmetric(first: list[int], second: list[int]) -> None:
    assert edit_distance(first, second) == edit_distance(second, first)
