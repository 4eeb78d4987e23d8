import math
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import GreedySearch


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


@pytest.fixture
def search() -> GreedySearch:
    return GreedySearch(start_id=0)


@pytest.mark.backend
def test_the_likeliest_token_is_taken_at_every_step(
    search: GreedySearch, labelled_step: Any, texts: Any, check_result: Any
) -> None:
    result = search(labelled_step, [], [5], 4)
    assert texts(result) == [["AB."]]
    assert numpy(result.scores)[0, 0] == pytest.approx(math.log(0.6 * 0.7 * 0.9))
    assert numpy(result.finished).tolist() == [[True]]
    check_result(result)


def test_a_cut_off_is_visible(
    search: GreedySearch, labelled_step: Any, texts: Any, check_result: Any
) -> None:
    result = search(labelled_step, [], [2, 1, 5], 4)
    assert texts(result) == [["AB"], ["A"], ["AB."]]
    assert numpy(result.finished).tolist() == [[False], [False], [True]]
    check_result(result)


def test_there_are_as_many_steps_as_the_longest_output_has_tokens(
    search: GreedySearch, labelled_step: Any
) -> None:
    search(labelled_step, [], [9, 2], 4)
    assert labelled_step.calls == 3
    assert labelled_step.rows == [2, 2, 2]


def test_an_ended_row_is_frozen_and_reads_padding(
    table_step: Any, texts: Any, check_result: Any
) -> None:
    # The first source says A and ends; the second, told by its state, goes on for ever.
    table = table_step([[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]])
    read = []

    def step(token_ids: Any, state: Any) -> Any:
        read.append(numpy(token_ids).tolist())
        token_ids = ops.where(state[0], 2, token_ids)
        log_probabilities, _, weights = table(token_ids, [])
        return log_probabilities, state, weights

    result = GreedySearch(start_id=0)(step, [np.array([False, True])], [4, 4], 4)
    assert texts(result) == [["A."], ["BBBB"]]
    assert read == [[0, 0], [1, 2], [0, 2], [0, 2]]


def test_a_row_is_the_same_alone_and_beside_rows_with_longer_limits(
    search: GreedySearch, tree_step: Any
) -> None:
    sources, limits = [5, 6, 7, 11], [3, 9, 1, 6]
    together = search(tree_step, tree_step.state(sources), limits, 4)
    for row, (source, limit) in enumerate(zip(sources, limits, strict=True)):
        alone = search(tree_step, tree_step.state([source]), [limit], 4)
        for one, many in zip(alone, together, strict=True):
            one, many = numpy(one)[0], numpy(many)[row]
            if one.ndim > 1:
                many = many[:, :limit]
            np.testing.assert_allclose(one, many, rtol=1e-6)


def test_of_equally_likely_tokens_the_lower_id_wins(
    search: GreedySearch, table_step: Any, texts: Any
) -> None:
    assert texts(search(table_step([[0, 0.5, 0.5, 0]] * 4), [], [2], 4)) == [["AA"]]


def test_an_empty_batch_gives_an_empty_result(search: GreedySearch, tree_step: Any) -> None:
    result = search(tree_step, tree_step.state([]), np.zeros(0, "int32"), 4)
    shapes = [tuple(tensor.shape) for tensor in result]
    assert shapes == [(0, 1, 1), (0, 1), (0, 1), (0, 1), (0, 1, 1), (0, 1, 1, 4)]


def test_a_limit_of_nothing_makes_an_absent_hypothesis(
    search: GreedySearch, labelled_step: Any, check_result: Any
) -> None:
    result = search(labelled_step, [], [0, 5], 4)
    assert numpy(result.lengths).tolist() == [[0], [3]]
    assert numpy(result.scores)[0, 0] == np.float32(-1e30)
    check_result(result)


def test_log_probabilities_may_come_in_half_precision(
    search: GreedySearch, table_step: Any
) -> None:
    table = table_step([[0.0, 0.25, 0.25, 0.5]] * 4)

    def step(token_ids: Any, state: Any) -> Any:
        log_probabilities, state, weights = table(token_ids, state)
        return ops.cast(log_probabilities, "bfloat16"), state, ops.cast(weights, "bfloat16")

    result = search(step, [], [3], 4)
    assert numpy(result.scores)[0, 0] == pytest.approx(math.log(0.5), abs=2e-3)
    assert {keras.backend.standardize_dtype(t.dtype) for t in (result[2], *result[4:])} == {
        "float32"
    }


def test_a_config_makes_the_same_search() -> None:
    search = GreedySearch({"max_length": 7}, {"banned_ids": [1]}, start_id=5, end_id=6, pad_id=4)
    config = keras.saving.serialize_keras_object(search)
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, GreedySearch)
    assert again.get_config() == search.get_config()
    assert again.length_rule.max_length == 7
    assert list(again.output_rule.banned_ids) == [1]
    assert (again.start_id, again.end_id, again.pad_id) == (5, 6, 4)
