"""What a call of a search refuses: each in one sentence that names the argument."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import (
    BeamSearch,
    GreedySearch,
    SamplingSearch,
    Search,
    perplexity,
    score_tokens,
)

SEARCHES = [GreedySearch(), BeamSearch(num_beams=2), SamplingSearch()]
PREFIX = {"prefix_ids": [[1, 0], [1, 1]], "prefix_lengths": [1, 2]}


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_lengths": 4}, r"`max_lengths` must have 1 axis\. Received: shape \(\)"),
        ({"max_lengths": [[4], [4]]}, r"`max_lengths` must have 1 axis\. Received: shape \(2, 1\)"),
        ({"max_lengths": [4.0, 4.0]}, r"`max_lengths` must hold integers\. Received: float32"),
        ({"min_lengths": [1]}, r"`min_lengths` must have a row for each of the 2 .*Received: 1"),
        ({"source_mask": [[True] * 4]}, r"`source_mask` must have a row for each .*Received: 1"),
        ({"source_mask": [True] * 4}, r"`source_mask` must have 2 axes"),
        ({"row_keys": [1, 2, 3]}, r"`row_keys` must have a row for each .*Received: 3"),
        ({"state": [np.zeros((3, 2))]}, r"`state\[0\]` must have a row for each .*Received: 3"),
        ({**PREFIX, "prefix_ids": [1, 1]}, r"`prefix_ids` must have 2 axes"),
        ({**PREFIX, "prefix_ids": [[1.7], [1.0]]}, r"`prefix_ids` must hold integers"),
        ({**PREFIX, "prefix_ids": [[1, 1]]}, r"`prefix_ids` must have a row for each"),
        ({**PREFIX, "prefix_lengths": [3, 1]}, r"`prefix_lengths` .* 2 columns .*: \[3, 1\]"),
        ({**PREFIX, "prefix_lengths": [-1, 1]}, r"`prefix_lengths` .*Received: \[-1, 1\]"),
        ({**PREFIX, "prefix_ids": [[9, 0], [1, -1]]}, r"`prefix_ids` .* below 4.*: \[-1, 9\]"),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(
    search: Search, changes: dict[str, Any], message: str, table_step: Any
) -> None:
    arguments = {"state": [], "max_lengths": [4, 4], "source_length": 4, **changes}
    with pytest.raises((TypeError, ValueError), match=message):
        search(table_step(np.full((4, 4), 0.25)), **arguments)


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_what_stands_behind_a_prefix_may_be_anything(search: Search, table_step: Any) -> None:
    step = table_step(np.full((4, 4), 0.25))
    prefix = {"prefix_ids": [[1, 99], [1, 1]], "prefix_lengths": [1, 2]}
    result = search(step, [], [4, 4], 4, **prefix)
    assert ops.convert_to_numpy(result.token_ids)[:, 0, 0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ((4, (1, 4)), r"`step` must return log probabilities of two axes.*Received: shape \(4,\)"),
        (((3, 4), (1, 4)), r"`step` must return log probabilities .*shape \(3, 4\) for 1 token"),
        (((1, 4), (2, 4)), r"`step` must return attention weights .*shape \(2, 4\) for 1 token"),
    ],
)
def test_a_step_must_return_a_row_for_each_token(returned: Any, message: str) -> None:
    log_probabilities, weights = (np.zeros(shape, "float32") for shape in returned)
    with pytest.raises(ValueError, match=message):
        GreedySearch()(lambda *_: (log_probabilities, [], weights), [], [4], 4)


@pytest.mark.parametrize(
    ("allowed", "error", "message"),
    [
        (None, TypeError, "`vocabulary_mask` must return a boolean tensor.*Received: None"),
        (np.zeros(4, "float32"), TypeError, "must return a boolean tensor.*Received: float32"),
        (np.ones(7, bool), ValueError, r"Received: shape \(7,\), for a vocabulary of 4"),
        (np.ones((1, 1, 4), bool), ValueError, r"Received: shape \(1, 1, 4\)"),
    ],
)
def test_a_vocabulary_mask_says_yes_or_no_of_each_token(
    allowed: Any, error: type[Exception], message: str, table_step: Any
) -> None:
    search = GreedySearch(constraints={"vocabulary_mask": lambda token_ids, length: allowed})
    with pytest.raises(error, match=message):
        search(table_step(np.full((4, 4), 0.25)), [], [4], 4)


def test_scores_are_of_integers_and_as_many_lengths(table_step: Any) -> None:
    step = table_step(np.full((4, 4), 0.25))
    scores = score_tokens(step, [], [[[1, 3], [3, 0]]], [[2, 1]], 4).scores  # lists will do
    np.testing.assert_allclose(ops.convert_to_numpy(scores), [[2 * np.log(0.25), np.log(0.25)]])
    with pytest.raises(ValueError, match=r"`lengths` must have the shape \(1, 2\)"):
        score_tokens(step, [], [[[1, 3], [3, 0]]], [[2]], 4)
    with pytest.raises(TypeError, match="`token_ids` must hold integers"):
        score_tokens(step, [], [[[1.0, 3.0]]], [[2]], 4)


def test_perplexity_takes_what_arrays_and_lists_hold() -> None:
    for scores in ([-1.0, -2.0], np.array([-1.0, -2.0]), ops.convert_to_tensor([-1.0, -2.0])):
        assert float(perplexity(scores, [1, 2])) == pytest.approx(np.e)
    with pytest.raises(ValueError, match=r"`lengths` must have the shape \(2,\)"):
        perplexity([-1.0, -2.0], [1, 2, 3])
