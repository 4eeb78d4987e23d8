from collections.abc import Iterator

import numpy as np
import pytest

from kerasseq.training import average_weights, best_positions


def test_the_average_is_the_mean_of_each_weight() -> None:
    first = [np.array([[1.0, 2.0]], "float32"), np.array([8.0], "float32")]
    second = [np.array([[3.0, 6.0]], "float32"), np.array([0.0], "float32")]
    matrix, vector = average_weights([first, second])
    np.testing.assert_array_equal(matrix, [[2.0, 4.0]])
    np.testing.assert_array_equal(vector, [4.0])
    assert matrix.dtype == np.float32


def test_one_checkpoint_is_its_own_average() -> None:
    weights = [np.array([0.1, 0.2], "float32")]
    np.testing.assert_array_equal(average_weights([weights])[0], weights[0])


def test_sums_are_made_in_float64() -> None:
    checkpoints = [[np.array([value], "float32")] for value in (1e8, 1.0, -1e8)]
    np.testing.assert_allclose(average_weights(checkpoints)[0], [1 / 3], rtol=1e-6)


def test_counters_are_those_of_the_last_checkpoint() -> None:
    checkpoints = [[np.array(7, "int64")], [np.array(12, "int64")]]
    (counter,) = average_weights(checkpoints)
    assert counter == 12
    assert counter.dtype == np.int64


def test_checkpoints_may_be_read_one_at_a_time_and_are_not_changed() -> None:
    kept = [np.array([float(value)]) for value in range(4)]

    def read() -> Iterator[list[np.ndarray]]:
        for weight in kept:
            yield [weight]

    np.testing.assert_array_equal(average_weights(read())[0], [1.5])
    np.testing.assert_array_equal(np.concatenate(kept), [0, 1, 2, 3])


def test_the_best_positions_come_best_first() -> None:
    assert best_positions([0.3, 0.1, 0.2], count=2) == [0, 2]
    assert best_positions([0.3, 0.1, 0.2], count=2, mode="min") == [1, 2]


def test_of_equal_scores_the_later_is_better_and_nan_is_the_worst() -> None:
    assert best_positions([5.0, float("nan"), 5.0], count=9) == [2, 0, 1]
    assert best_positions([float("nan"), 5.0], count=9, mode="min") == [1, 0]


def test_messages() -> None:
    with pytest.raises(ValueError, match="at least one checkpoint. Received: none"):
        average_weights([])
    with pytest.raises(ValueError, match=r"checkpoint 1 \[\(2,\)\], checkpoint 2 \[\(3,\)\]"):
        average_weights([[np.zeros(2)], [np.zeros(3)]])
    with pytest.raises(ValueError, match="`mode` must be one of 'max', 'min'. Received: 'auto'"):
        best_positions([1.0], 1, mode="auto")
    with pytest.raises(ValueError, match="`count` .* at least 1. Received: 0"):
        best_positions([1.0], 0)
