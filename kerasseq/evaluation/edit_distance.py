"""Levenshtein distance between two sequences of anything hashable."""

from collections.abc import Hashable, Sequence


def edit_distance(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions that turn one into the other.

    One column of the dynamic programme is held as the bits of two integers (where a value is one
    more, where one less than its upper neighbour), so that a step is a dozen integer operations
    however long the column is. Names follow the paper: `P` plus, `M` minus, `V` vertical,
    `H` horizontal.

    Args:
        first: a string (edits of characters) or a list of tokens.
        second: the same; the distance is symmetric.

    Example:

    >>> edit_distance("kitten", "sitting")
    3
    >>> edit_distance("K AE T".split(), "K AH T S".split())
    2

    Reference: Hyyrö, 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit
    distances", after Myers, 1999.
    """
    if not first or not second:
        return len(first) + len(second)
    places: dict[Hashable, int] = {}
    for row, item in enumerate(second):
        places[item] = places.get(item, 0) | 1 << row
    last = 1 << (len(second) - 1)
    all_rows = (last << 1) - 1
    plus_vertical, minus_vertical, distance = all_rows, 0, len(second)
    for item in first:
        equal = places.get(item, 0)
        diagonal = (((equal & plus_vertical) + plus_vertical) ^ plus_vertical) | equal
        plus_horizontal = minus_vertical | ~(diagonal | plus_vertical)
        minus_horizontal = plus_vertical & diagonal
        distance += bool(plus_horizontal & last) - bool(minus_horizontal & last)
        plus_horizontal = plus_horizontal << 1 | 1  # the row above the first grows by one a step
        unequal = equal | minus_vertical
        plus_vertical = (minus_horizontal << 1 | ~(unequal | plus_horizontal)) & all_rows
        minus_vertical = plus_horizontal & unequal & all_rows
    return distance
