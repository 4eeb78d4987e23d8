from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch, rerank


@pytest.fixture
def result(labelled_step: Any) -> Any:
    search = BeamSearch(4, 4, "none", start_id=0)
    return search(labelled_step, [], [3, 1], 4)


def test_hypotheses_are_sorted_by_the_weighted_sum(
    result: Any, texts: Any, check_result: Any
) -> None:
    assert texts(result) == [["AB.", "B.", "A.", "BB."], ["A", "B", "", ""]]
    shorter = rerank(result, [result.scores, result.lengths], [1.0, -10.0])
    check_result(shorter)
    assert texts(shorter) == [["B.", "A.", "AB.", "BB."], ["A", "B", "", ""]]
    by_vote = rerank(result, [np.array([[0, 1, 2, 3], [0, 1, 9, 9]])], [1.0])
    check_result(by_vote)
    assert texts(by_vote) == [["BB.", "A.", "B.", "AB."], ["B", "A", "", ""]]


def test_of_equal_sums_the_first_stays_first(result: Any, texts: Any) -> None:
    assert texts(rerank(result, [ops.zeros((2, 4))], [1.0])) == texts(result)


def test_every_score_has_a_weight(result: Any) -> None:
    message = (
        "`scores` and `weights` must have the same number of members, and at least one. "
        "Received: 1 scores, 2 weights."
    )
    with pytest.raises(ValueError, match=message):
        rerank(result, [result.scores], [1.0, 2.0])
    with pytest.raises(ValueError, match="Received: 0 scores, 0 weights."):
        rerank(result, [], [])


@pytest.mark.parametrize("shape", [(), (2,), (2, 1), (2, 3)])
def test_every_hypothesis_has_a_score(result: Any, shape: tuple[int, ...]) -> None:
    message = (
        r"`scores\[1\]` must be `\(batch, n_best\)`. Received: shape .*, and hypotheses \(2, 4\)"
    )
    with pytest.raises(ValueError, match=message):
        rerank(result, [result.scores, np.zeros(shape)], [1.0, 1.0])
