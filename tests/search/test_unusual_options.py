from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import (
    BeamSearch,
    Constraints,
    GreedySearch,
    LengthLimits,
    SamplingSearch,
    perplexity,
)

# START, A, B, END of the labelled step, under other numbers; padding is what no output says.
NEW = [2, 0, 4, 1]


PAD = 3


IDS: dict[str, Any] = {"start_id": NEW[0], "end_id": NEW[3], "pad_id": PAD}


SEARCHES = [
    GreedySearch(**IDS),
    BeamSearch(2, 2, "none", **IDS),
    SamplingSearch(top_k=1, **IDS),
]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_start_end_and_padding_are_the_ids_it_was_given(search: Any, table_step: Any) -> None:
    table = np.zeros((5, 5))
    table[np.ix_(NEW[:3], NEW)] = [[0.0, 0.6, 0.4, 0.0], [0, 0.1, 0.7, 0.2], [0, 0, 0.1, 0.9]]
    table[NEW[3]] = np.nan  # the end is never read
    table[PAD] = 0.2
    read = []

    def step(token_ids: Any, state: Any) -> Any:
        read.extend(ops.convert_to_numpy(token_ids).tolist())
        return table_step(table)(token_ids, state)

    result = search(step, [], [5, 1], 5, min_lengths=[3, 1])
    ids = ops.convert_to_numpy(result.token_ids)[:, 0].tolist()
    assert ids == [[NEW[1], NEW[2], NEW[3], PAD, PAD], [NEW[1], PAD, PAD, PAD, PAD]]
    assert ops.convert_to_numpy(result.finished)[:, 0].tolist() == [True, False]
    assert read[0] == NEW[0]
    assert PAD in read  # what an ended source reads


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_a_minimum_length_forbids_the_end_that_it_was_given(search: Any, table_step: Any) -> None:
    table = np.full((5, 5), 0.0)
    table[:, NEW[3]], table[:, NEW[1]] = 0.9, 0.1
    result = search(table_step(table), [], [4], 5, min_lengths=[3])
    ids = ops.convert_to_numpy(result.token_ids)[0, 0].tolist()
    assert ids == [NEW[1], NEW[1], NEW[3], PAD]


def test_a_repetition_penalty_below_1_repeats_more() -> None:
    history = ops.convert_to_tensor([[1, 0, 0]])
    ranking = Constraints(repetition_penalty=0.5)(
        ops.convert_to_tensor([[-1.0, -1.0, -3.0]]), history, 1
    )
    assert ops.convert_to_numpy(ranking).tolist() == [[-1.0, -0.5, -3.0]]


def test_the_perplexity_of_no_token_is_one() -> None:
    assert float(perplexity([0.0, 0.0], [0, 0])) == 1.0


def test_an_absent_hypothesis_stays_last_whatever_a_judge_says(labelled_step: Any) -> None:
    from kerasseq.search import rerank

    result = BeamSearch(4, 4, "none", start_id=0)(labelled_step, [], [1], 4)
    ranked = rerank(result, [np.array([[0.0, 1.0, 9.0, 9.0]])], [1.0])
    assert ops.convert_to_numpy(ranked.lengths).tolist() == [[1, 1, 0, 0]]


def test_a_vocabulary_mask_may_say_one_thing_of_all_tokens(labelled_step: Any) -> None:
    def until_two(token_ids: Any, length: Any) -> Any:
        return ops.ones((token_ids.shape[0], 1), "bool") & (length < 2)

    search = GreedySearch(constraints={"vocabulary_mask": until_two}, start_id=0)
    assert ops.convert_to_numpy(search(labelled_step, [], [5], 4).lengths).tolist() == [[2]]


def test_rounding_of_float32_moves_no_limit() -> None:
    """In float32 1.2 * 50 is 60.000004 and 1.3 * 190 is 246.99998."""
    limits = LengthLimits(min_ratio=1.2, max_ratio=1.3, margin=0)(np.array([50, 190]))
    assert [ops.convert_to_numpy(each).tolist() for each in limits] == [[60, 228], [65, 247]]


def test_a_penalty_that_falls_is_bounded_by_the_next_length(table_step: Any, texts: Any) -> None:
    """-0.1 * 2 is above -2.3 * 1; at the limit of 50 it would be below, but is not to be there."""
    step = table_step([[0, 0.9, 0, 0.1], [0, 0, 0, 1], [0.25] * 4, [np.nan] * 4])
    search = BeamSearch(2, 1, {"name": "power", "alpha": -1.0}, start_id=0)
    assert texts(search(step, [], [50], 4)) == [["A."]]


def test_what_was_cut_off_is_ranked_with_its_coverage_and_length(
    table_step: Any, texts: Any
) -> None:
    """Only B is real of the source: what reads A lacks it, at 13.8 times the weight."""
    step = table_step([[0, 0.6, 0.4, 0], [0, 1, 0, 0], [0, 0, 1, 0], [np.nan] * 4])
    mask = [[False, False, True, False]]
    for weight, expected in ((0.0, ["AA", "BB"]), (0.022, ["BB", "AA"])):
        # log(0.6 / 0.4) is 0.41, over the length of 2 it is 0.20; the coverage costs 0.30.
        search = BeamSearch(2, 2, "mean", coverage_penalty=weight, start_id=0)
        assert texts(search(step, [], [2], 4, source_mask=mask)) == [expected]
        # Nor does it change while another source goes on.
        beside = search(step, [], [2, 6], 4, source_mask=mask * 2)
        assert texts(beside)[0] == expected
