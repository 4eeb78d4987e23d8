from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search.uniforms import uniforms


def numbers(seed: int = 0, keys: Any = (0,), draws: int = 1, length: Any = 1) -> Any:
    return ops.convert_to_numpy(uniforms(seed, ops.convert_to_tensor(list(keys)), draws, length))


def test_numbers_are_spread_evenly_over_zero_to_one() -> None:
    values = numbers(keys=range(20), draws=10, length=50).ravel()
    assert values.min() >= 0
    assert values.max() < 1
    counts = np.bincount((values * 16).astype(int), minlength=16)
    assert ((counts - 625) ** 2 / 625).sum() < 30.6  # chi-squared, 15 degrees, 1 %


@pytest.mark.parametrize("axis", [0, 1])
def test_neighbouring_numbers_are_independent(axis: int) -> None:
    """Of one row, and of neighbouring rows: pairs fill the square evenly."""
    values = (numbers(keys=range(100), length=100) * 4).astype(int)
    left, right = (values[:-1], values[1:]) if axis == 0 else (values[:, :-1], values[:, 1:])
    counts = np.bincount((4 * left + right).ravel(), minlength=16)
    expected = left.size / 16
    assert ((counts - expected) ** 2 / expected).sum() < 30.6


@pytest.mark.backend
def test_a_number_depends_on_its_keys_and_not_on_the_shape() -> None:
    many = numbers(seed=9, keys=[4, -7], draws=3, length=6)  # (6, 2 * 3)
    np.testing.assert_array_equal(numbers(seed=9, keys=[-7], draws=2, length=4), many[:4, 3:5])


def test_every_key_tells_numbers_apart() -> None:
    seeds = [numbers(seed=seed, length=8).ravel() for seed in (0, 1, -1, 2**31)]
    rows = numbers(keys=[0, 1, -1, 2**31 - 1], draws=2, length=8)
    everything = np.concatenate([*seeds, rows[:, 1:].ravel()])
    assert len(set(everything.tolist())) == everything.size
