import numpy as np
import pytest

from kerasseq.text.segmentation_sampling import Candidates, draw, uniform_numbers

# P(4) = P(5 6) = 1/4 and P(7 8) = 1/2, so the last weighs as much as both others.
SEGMENTATIONS = [[7, 8], [4], [5, 6]]
SCORES = np.log([1.0, 1.0, 1.0, 1.0, 1 / 4, 1 / 2, 1 / 2, 1 / 2, 1.0])


def test_uniform_numbers_are_splitmix64() -> None:
    # The first number of its author's generator (Vigna, splitmix64.c) from the state 1234567.
    expected = (6457827717110365317 >> 11) / 2**53

    assert uniform_numbers([1234567]).tolist() == [expected]


def test_any_64_bit_integer_is_a_seed() -> None:
    numbers = uniform_numbers([0, -1, 2**63 - 1, -(2**63)])

    assert np.all((numbers >= 0) & (numbers < 1))
    assert len(set(numbers.tolist())) == 4
    assert uniform_numbers([]).shape == (0,)


def test_neighbouring_seeds_spread_evenly() -> None:
    counts, _ = np.histogram(uniform_numbers(np.arange(10_000)), bins=10, range=(0, 1))

    assert counts.min() > 900
    assert counts.max() < 1100


@pytest.mark.parametrize(
    ("uniform", "chosen"), [(0.0, 0), (0.49, 0), (0.51, 1), (0.74, 1), (0.76, 2), (0.999, 2)]
)
def test_alpha_one_draws_by_probability(uniform: float, chosen: int) -> None:
    drawn = Candidates(SEGMENTATIONS, SCORES, 1.0).draw(uniform)
    assert drawn.tolist() == SEGMENTATIONS[chosen]


@pytest.mark.parametrize(("uniform", "chosen"), [(0.32, 0), (0.34, 1), (0.66, 1), (0.67, 2)])
def test_alpha_zero_draws_alike(uniform: float, chosen: int) -> None:
    drawn = Candidates(SEGMENTATIONS, SCORES, 0.0).draw(uniform)
    assert drawn.tolist() == SEGMENTATIONS[chosen]


def test_a_large_alpha_takes_the_likeliest() -> None:
    assert Candidates(SEGMENTATIONS, SCORES, 1000.0).draw(0.999999).tolist() == [7, 8]


def test_no_alpha_is_too_large() -> None:
    assert Candidates(SEGMENTATIONS, SCORES, 1e308).draw(0.999999).tolist() == [7, 8]


def test_one_candidate_is_the_answer_even_if_empty() -> None:
    assert Candidates([[]], SCORES, 0.1).draw(0.5).tolist() == []


def test_each_text_is_drawn_by_its_own_seed() -> None:
    candidates = Candidates(SEGMENTATIONS, SCORES, 0.0)
    expected = [candidates.draw(uniform).tolist() for uniform in uniform_numbers([3, 4, 5])]
    drawn = draw([candidates] * 3, [3, 4, 5])
    assert [each.tolist() for each in drawn] == expected
    assert {each.dtype for each in drawn} == {np.dtype("int32")}


@pytest.mark.parametrize(("size", "width"), [(2**16 - 1, 2), (2**16, 4)])
def test_small_vocabularies_take_half_the_memory(size: int, width: int) -> None:
    candidates = Candidates([[size - 1], [1]], np.zeros(size), 0.1)
    assert candidates.pieces.nbytes == 2 * width
    assert candidates.draw(0.0).tolist() == [size - 1]


def test_a_candidate_of_no_weight_is_never_drawn() -> None:
    assert Candidates(SEGMENTATIONS[::-1], SCORES, 1e308).draw(0.0).tolist() == [7, 8]
