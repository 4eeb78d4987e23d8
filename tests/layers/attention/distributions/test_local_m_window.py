import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import GeneralAttention
from kerasseq.layers.attention.distributions import LocalMWindow

EVEN = np.zeros((1, 1, 6), "float32")


@pytest.mark.backend
@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, [1 / 2, 1 / 2, 0, 0, 0, 0]),
        (1, [1 / 3, 1 / 3, 1 / 3, 0, 0, 0]),
        (2, [0, 1 / 3, 1 / 3, 1 / 3, 0, 0]),
        (4, [0, 0, 0, 1 / 2, 1 / 2, 0]),
        (9, [0, 0, 0, 1 / 2, 1 / 2, 0]),  # past the end: the last real position
    ],
)
def test_the_window_moves_by_one_at_each_step(step: int, expected: list[float]) -> None:
    mask = ops.convert_to_tensor([[[True] * 5 + [False]]])
    past = [ops.full((1, 1), step, "int32")]
    weights, (after,) = LocalMWindow(window=1).distribute(EVEN, mask, EVEN, past)
    np.testing.assert_allclose(weights[0, 0], expected, atol=1e-6)
    assert int(after[0, 0]) == step + 1


@pytest.mark.backend
def test_inside_the_window_the_scores_decide() -> None:
    scores = ops.convert_to_tensor([[[np.log(3.0), 0.0, 99.0]]], "float32")
    weights = LocalMWindow(window=1)(scores, ops.ones((1, 1, 3), "bool"), scores)
    np.testing.assert_allclose(weights[0, 0], [3 / 4, 1 / 4, 0], atol=1e-6)


@pytest.mark.backend
def test_positions_are_counted_among_what_is_real() -> None:
    mask = ops.convert_to_tensor([[[False, False, True, True, True, True]]])
    weights = LocalMWindow(window=1)(EVEN, mask, EVEN)
    np.testing.assert_allclose(weights[0, 0], [0, 0, 1 / 2, 1 / 2, 0, 0], atol=1e-6)


def test_all_steps_side_by_side_go_on_where_the_past_left_off() -> None:
    attention = GeneralAttention(distribution={"name": "local_m", "window": 1})
    query, memory = ops.ones((2, 3, 4)), ops.ones((2, 7, 4))
    attention.build(query.shape, memory.shape)
    prepared = attention.prepare(memory)
    _, first, past = attention.attend(query, prepared, attention.initial_past(prepared))
    _, second, past = attention.attend(query, prepared, past)
    middles = [float(ops.sum(each * ops.arange(7.0))) for each in [*first[0], *second[0]]]
    np.testing.assert_allclose(middles, [0.5, 1, 2, 3, 4, 5], atol=1e-6)
    assert ops.convert_to_numpy(past[0]).tolist() == [6, 6]


def test_a_window_that_is_no_size_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`window` must be an integer of at least 1.*: 0\."):
        LocalMWindow(window=0)
