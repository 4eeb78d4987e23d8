from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import recurrence
from kerasseq.layers.recurrence import scan

TIMES = ops.convert_to_tensor(np.arange(1.0, 5.0, dtype="float32")[:, None])  # (time, rows)


def sum_up(slices: list[Any], state: list[Any]) -> tuple[list[Any], list[Any]]:
    total = state[0] + slices[0]
    return [total, 10 * slices[0]], [total]


@pytest.mark.backend
@pytest.mark.parametrize(
    ("reverse", "totals", "last"),
    [(False, [1, 3, 6, 10], 10), (True, [10, 9, 7, 4], 10)],
)
def test_a_scan_carries_its_state_and_keeps_the_order(
    reverse: bool, totals: list[float], last: float
) -> None:
    templates = [ops.zeros((1,)), ops.zeros((1,))]
    (sums, tens), (total,) = scan(sum_up, [TIMES], [ops.zeros((1,))], templates, reverse)
    assert ops.convert_to_numpy(sums).ravel().tolist() == totals
    assert ops.convert_to_numpy(tens).ravel().tolist() == [10, 20, 30, 40]
    assert float(total[0]) == last


@pytest.mark.backend
def test_no_steps_give_nothing_of_the_right_shape_and_change_nothing() -> None:
    templates = [ops.zeros((1,)), ops.zeros((1,))]
    (sums, _), (total,) = scan(sum_up, [TIMES[:0]], [ops.ones((1,))], templates)
    assert tuple(sums.shape) == (0, 1)
    assert float(total[0]) == 1


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [0, 4])
def test_the_loop_of_other_backends_gives_the_same(reverse: bool, steps: int) -> None:
    arguments = ([TIMES[:steps]], [ops.zeros((1,))], [ops.zeros((1,))] * 2, reverse)
    expected = scan(sum_up, *arguments)
    found = recurrence._scan_python(sum_up, *arguments)
    for one, other in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        np.testing.assert_array_equal(one, other)
        assert tuple(one.shape) == tuple(other.shape)


def test_in_a_graph_length_and_rows_may_be_unknown() -> None:
    tf = pytest.importorskip("tensorflow")

    @tf.function(input_signature=[tf.TensorSpec([None, None, 2])])
    def run(sequence: Any) -> Any:
        rows = tf.zeros(tf.shape(sequence)[1:])
        rows.set_shape([None, 2])
        outputs, state = scan(sum_up, [sequence], [rows], [rows, rows])
        assert outputs[0].shape.as_list() == [None, None, 2]
        return outputs[0], state[0]

    for length in (0, 3):
        outputs, total = run(tf.ones((length, 5, 2)))
        assert outputs.shape == (length, 5, 2)
        assert total.numpy().tolist() == [[length] * 2] * 5
