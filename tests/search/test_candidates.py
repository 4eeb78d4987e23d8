import numpy as np
import pytest
from keras import ops

from kerasseq.search.candidates import recorded, top_candidates
from kerasseq.search.gathering import pick


@pytest.mark.backend
@pytest.mark.parametrize("size", [7, 1024, 1031, 2000])
@pytest.mark.parametrize("count", [1, 6])
def test_the_best_are_those_of_top_k_among_equals_too(size: int, count: int) -> None:
    """Whole numbers below ten: nearly everything ties. 1031 is prime, 2000 has near divisors."""
    values = (np.arange(4 * size).reshape(4, size) ** 2 % 101 % 10).astype("float32")
    expected = ops.top_k(values, count)
    found = top_candidates(ops.convert_to_tensor(values), count)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_of_equals_the_lower_id_comes_first_though_its_chunk_has_the_lower_best() -> None:
    values = np.zeros((1, 2048), "float32")
    values[0, [320, 321, 96, 97]] = [9, 7, 8, 7]
    found, ids = top_candidates(ops.convert_to_tensor(values), 3)
    assert ops.convert_to_numpy(found).tolist() == [[9, 8, 7]]
    assert ops.convert_to_numpy(ids).tolist() == [[320, 96, 97]]


def test_a_small_vocabulary_gives_what_it_has() -> None:
    assert tuple(top_candidates(ops.zeros((2, 3)), 5)[0].shape) == (2, 3)


def test_an_id_stays_inside_the_vocabulary_even_where_nothing_is_possible() -> None:
    values, ids = top_candidates(ops.full((2, 1031), float("-inf")), 6)
    assert ops.convert_to_numpy(ids).max() < 1031
    assert ops.convert_to_numpy(values).max() <= -1e30


@pytest.mark.backend
def test_pick_reads_each_row_at_its_own_places() -> None:
    values = ops.reshape(ops.arange(6), (2, 3))
    places = ops.convert_to_tensor([[2, 0, 0, 1], [1, 1, 2, 0]])
    assert ops.convert_to_numpy(pick(values, places)).tolist() == [[2, 0, 0, 1], [4, 4, 5, 3]]


@pytest.mark.backend
def test_pick_reads_whole_rows_of_further_axes() -> None:
    values = ops.reshape(ops.arange(12), (2, 3, 2))
    places = ops.convert_to_tensor([[2, 0], [1, 1]])
    picked = ops.convert_to_numpy(pick(values, places)).tolist()
    assert picked == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]


def test_recorded_numbers_are_finite() -> None:
    values = ops.convert_to_tensor([-0.5, float("-inf"), float("nan"), -1e30])
    assert ops.convert_to_numpy(recorded(values)).tolist() == [-0.5, -1e6, -1e6, -1e6]
