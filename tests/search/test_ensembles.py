import math
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import GreedySearch, ensemble_step

START, A, B, END = range(4)


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


def one_step(steps: Any, states: Any, mean: str) -> Any:
    step, state = ensemble_step(steps, states, mean)
    log_probabilities, state, weights = step(np.array([0, 0], "int32"), state)
    return numpy(ops.exp(log_probabilities)), state, numpy(weights)


@pytest.fixture
def pair(table_step: Any) -> Any:
    return [table_step([[0.5, 0.5, 0.0, 0.0]]), table_step([[0.1, 0.4, 0.0, 0.5]])]


@pytest.mark.backend
def test_probabilities_are_averaged(pair: Any) -> None:
    found, _, weights = one_step(pair, [[], []], "probabilities")
    np.testing.assert_allclose(found, [[0.3, 0.45, 0.0, 0.25]] * 2, rtol=1e-6)
    np.testing.assert_array_equal(weights, [[1.0]] * 2)


@pytest.mark.backend
def test_a_model_without_attention_makes_no_weight_smaller(pair: Any) -> None:
    def blind(token_ids: Any, state: Any) -> Any:
        log_probabilities, state, weights = pair[0](token_ids, state)
        return log_probabilities, state, 0.0 * weights

    _, _, weights = one_step([*pair, blind], [[], [], []], "probabilities")
    np.testing.assert_array_equal(weights, [[1.0]] * 2)
    _, _, weights = one_step([blind, blind], [[], []], "probabilities")
    np.testing.assert_array_equal(weights, [[0.0]] * 2)


def test_log_probabilities_are_averaged_and_normalised_again(pair: Any) -> None:
    found, _, _ = one_step(pair, [[], []], "log_probabilities")
    roots = np.sqrt([0.05, 0.2, 0.0, 0.0])
    np.testing.assert_allclose(found, [roots / roots.sum()] * 2, rtol=1e-6)


def test_a_mean_of_small_probabilities_does_not_underflow() -> None:
    def step(token_ids: Any, state: Any) -> Any:
        return ops.convert_to_tensor([[-200.0, -0.0]]), state, ops.zeros((1, 1))

    combined, _ = ensemble_step([step, step], [[], []])
    assert numpy(combined(np.array([0]), [])[0]).tolist() == [[-200.0, 0.0]]


def test_every_model_keeps_its_own_state() -> None:
    def counting(by: int) -> Any:
        def step(token_ids: Any, state: Any) -> Any:
            return ops.zeros((2, 3)), [tensor + by for tensor in state], ops.zeros((2, 1))

        return step

    states = [[np.zeros(2), np.zeros((2, 3))], [], [np.ones(2, "int32")]]
    _, state, _ = one_step([counting(1), counting(5), counting(7)], states, "probabilities")
    assert [float(numpy(tensor).max()) for tensor in state] == [1, 1, 8]
    assert [tuple(tensor.shape) for tensor in state] == [(2,), (2, 3), (2,)]


def test_a_search_runs_over_an_ensemble(pair: Any, tree_step: Any, check_result: Any) -> None:
    step, state = ensemble_step(
        [tree_step, tree_step], [tree_step.state([5, 6]), tree_step.state([7, 8])]
    )
    result = GreedySearch(start_id=START)(step, state, [5, 5], 4)
    check_result(result)
    first = [math.exp(tree_step.hypotheses(source, 1)[0].score) for source in (5, 7)]
    log_probabilities = numpy(step(np.array([0, 0], "int32"), state)[0])
    assert math.exp(log_probabilities[0, END]) == pytest.approx(sum(first) / 2, rel=1e-5)


def test_members_and_mean_are_checked(pair: Any) -> None:
    message = (
        "`steps` and `states` must have one member a model, and at least one. "
        "Received: 2 steps, 1 states."
    )
    with pytest.raises(ValueError, match=message):
        ensemble_step(pair, [[]])
    with pytest.raises(ValueError, match="Received: 0 steps, 0 states."):
        ensemble_step([], [])
    message = "`mean` must be one of 'probabilities', 'log_probabilities'. Received: 'vote'."
    with pytest.raises(ValueError, match=message):
        ensemble_step(pair, [[], []], "vote")
