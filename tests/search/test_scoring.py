import math
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import perplexity, score_tokens

START, A, B, END = range(4)


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


def test_a_score_is_the_sum_over_the_real_tokens(labelled_step: Any) -> None:
    token_ids = np.array([[[A, B, END, 0], [B, END, 0, 0]], [[A, A, A, 0], [B, B, B, B]]])
    scores = score_tokens(labelled_step, [], token_ids, [[3, 2], [1, 0]], 4, start_id=START)
    expected = np.log([[0.6 * 0.7 * 0.9, 0.4 * 0.9], [0.6, 1]])
    np.testing.assert_allclose(numpy(scores.scores), expected, rtol=1e-5, atol=1e-6)
    assert numpy(scores.token_log_probabilities).shape == (2, 2, 4)
    assert numpy(scores.token_log_probabilities)[0, 1] == pytest.approx(
        [math.log(0.4), math.log(0.9), 0, 0]
    )
    assert numpy(scores.attention_weights).argmax(-1)[0, 0, :3].tolist() == [START, A, B]


def test_there_are_as_many_steps_as_the_longest_output_has_tokens(labelled_step: Any) -> None:
    score_tokens(labelled_step, [], np.full((1, 2, 9), B), [[2, 4]], 4, start_id=START)
    assert labelled_step.calls == 4


def test_an_impossible_token_has_a_finite_score(labelled_step: Any) -> None:
    scores = score_tokens(labelled_step, [], np.array([[[END]]]), [[1]], 4, start_id=START)
    assert numpy(scores.scores).tolist() == [[-1e6]]


def test_tokens_of_no_length_score_nothing(labelled_step: Any) -> None:
    scores = score_tokens(labelled_step, [], np.zeros((2, 1, 0), "int32"), [[0], [0]], 4)
    assert numpy(scores.scores).tolist() == [[0], [0]]
    assert tuple(scores.token_log_probabilities.shape) == (2, 1, 0)


@pytest.mark.parametrize("length", [3, -1])
def test_lengths_are_those_of_the_token_ids(labelled_step: Any, length: int) -> None:
    message = r"`lengths` must be between 0 and the 2 columns of `token_ids`\. Received: "
    with pytest.raises(ValueError, match=message):
        score_tokens(labelled_step, [], [[[1, 3]]], [[length]], 4)


@pytest.mark.parametrize("padding", [-1, 99])
def test_what_pads_the_token_ids_may_be_anything(labelled_step: Any, padding: int) -> None:
    token_ids = [[[A, END, padding], [A, B, END]]]
    scores = score_tokens(labelled_step, [], token_ids, [[2, 3]], 4, start_id=START)
    expected = np.log([[0.6 * 0.2, 0.6 * 0.7 * 0.9]])
    np.testing.assert_allclose(numpy(scores.scores), expected, rtol=1e-5)


def test_what_is_scored_is_made_of_ids_of_the_vocabulary(labelled_step: Any) -> None:
    message = r"`token_ids` must be ids of the vocabulary, .* below 4. Received: \[-1, 9\]"
    with pytest.raises(ValueError, match=message):
        score_tokens(labelled_step, [], [[[A, 9], [-1, 7]]], [[2, 1]], 4, start_id=START)


def test_token_ids_have_an_axis_of_candidates(labelled_step: Any) -> None:
    with pytest.raises(ValueError, match=r"`token_ids` must have 3 axes\. .*shape \(2, 3\)"):
        score_tokens(labelled_step, [], np.zeros((2, 3), "int32"), [3, 3], 4)


@pytest.mark.backend
def test_perplexity_is_the_inverse_geometric_mean_of_the_probabilities() -> None:
    scores = ops.log(ops.convert_to_tensor([[1 / 8], [1 / 2]]))
    lengths = ops.convert_to_tensor([[3], [1]])
    assert float(perplexity(scores, lengths)) == pytest.approx(2.0)  # 16 ** (1 / 4)
    with pytest.raises(ValueError, match=r"must hold at least one. Received: shape \(0, 1\)"):
        perplexity(scores[:0], lengths[:0])
