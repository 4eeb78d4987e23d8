"""A step that leaves its log probabilities to be normalised: the same answers, by less work."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch, GreedySearch, SamplingSearch, Search

SIZE = 2000  # more than what one `top_k` is taken for
START, END = 2, 3


class LogitsStep:
    """A Markov chain over a large vocabulary that counts which of its two forms is called."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        self.logits_table = generator.normal(scale=3, size=(SIZE, SIZE)).astype("float32") + 40
        self.calls = {"logits": 0, "log_probabilities": 0}

    def logits(self, token_ids: Any, state: list[Any]) -> tuple[Any, list[Any], Any]:
        self.calls["logits"] += 1
        return ops.take(self.logits_table, token_ids, axis=0), state, ops.ones_like(state[0])

    def __call__(self, token_ids: Any, state: list[Any]) -> tuple[Any, list[Any], Any]:
        self.calls["log_probabilities"] += 1
        logits, state, weights = LogitsStep.logits(self, token_ids, state)
        self.calls["logits"] -= 1
        return ops.log_softmax(logits), state, weights


def found(search: Search, step: Any, **options: Any) -> Any:
    state = [np.ones((2, 1), "float32")]
    return search(step, state, max_lengths=np.array([5, 3]), source_length=1, **options)


@pytest.mark.parametrize(
    "search",
    [
        pytest.param(GreedySearch(), marks=pytest.mark.backend),
        BeamSearch(num_beams=3, n_best=3, length_penalty="none"),
    ],
)
def test_normalising_the_best_alone_gives_the_same_outputs_and_scores(search: Search) -> None:
    step = LogitsStep()
    result = found(search, step)
    assert step.calls["logits"] > 0
    assert step.calls["log_probabilities"] == 0
    expected = found(search, lambda token_ids, state: LogitsStep.__call__(step, token_ids, state))
    for name in ("token_ids", "lengths", "finished"):
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))
    for name in ("scores", "token_log_probabilities"):
        np.testing.assert_allclose(getattr(result, name), getattr(expected, name), atol=1e-5)


@pytest.mark.parametrize(
    ("search", "options"),
    [
        (GreedySearch(constraints={"banned_ids": [7]}), {}),
        (BeamSearch(num_beams=2, constraints={"repetition_penalty": 1.2}), {}),
        (GreedySearch(), {"min_lengths": np.array([2, 2])}),
        (
            BeamSearch(num_beams=2),
            {"prefix_ids": np.array([[5], [6]]), "prefix_lengths": np.array([1, 1])},
        ),
        (SamplingSearch(), {}),
    ],
)
def test_whatever_reads_more_gets_log_probabilities(
    search: Search, options: dict[str, Any]
) -> None:
    step = LogitsStep()
    found(search, step, **options)
    assert step.calls["logits"] == 0
    assert step.calls["log_probabilities"] > 0
