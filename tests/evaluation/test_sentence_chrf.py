import time

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from kerasseq.evaluation import pairwise_chrf, sentence_chrf


def test_equals_the_formula() -> None:
    # Precision (2/2 + 1/1) / 2 and recall (2/3 + 1/2) / 2 over the two orders that both have.
    expected = 100 * 5 * 1 * (7 / 12) / (4 * 1 + 7 / 12)
    assert sentence_chrf("ab", "abc") == pytest.approx(expected, abs=1e-12)


def test_repeated_ngrams_match_as_often_as_both_have_them() -> None:
    # a: 2 of 3 and of 2; aa: 1 of 2 and of 1. Precision (2/3 + 1/2) / 2, recall 1.
    expected = 100 * 5 * (7 / 12) * 1 / (4 * (7 / 12) + 1)
    assert sentence_chrf("aaa", "aa") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("first", "second"), [("", ""), ("", "a"), ("a", ""), (" ", "a")])
def test_an_empty_text_scores_0(first: str, second: str) -> None:
    assert sentence_chrf(first, second) == 0.0
    assert pairwise_chrf([first], [second]).tolist() == [[0.0]]


texts = st.text(alphabet="ab å\n\u00a0", max_size=16)


@given(texts, texts)
def test_equals_sacrebleu(hypothesis: str, reference: str) -> None:
    expected = sacrebleu.sentence_chrf(hypothesis, [reference]).score
    assert sentence_chrf(hypothesis, reference) == pytest.approx(expected, abs=1e-9)


@given(st.lists(texts, min_size=1, max_size=5), st.lists(texts, min_size=1, max_size=5))
def test_all_pairs_equal_one_pair_at_a_time(first: list[str], second: list[str]) -> None:
    expected = [[sentence_chrf(mine, other) for other in second] for mine in first]
    np.testing.assert_allclose(pairwise_chrf(first, second), expected, atol=1e-9)


def test_a_hundred_candidates_take_less_than_a_second() -> None:
    candidates = [
        f"Candidate {number} differs from the others in its number." for number in range(100)
    ]
    times = []
    for _ in range(3):  # a crowded machine, or a collection of what other tests left, takes one
        started = time.process_time()
        scores = pairwise_chrf(candidates, candidates)
        times.append(time.process_time() - started)
    assert min(times) < 1
    assert scores.shape == (100, 100)
    np.testing.assert_allclose(np.diag(scores), 100.0)


def test_messages() -> None:
    with pytest.raises(TypeError, match=r"`hypothesis` must be a string\. Received: b'a'\."):
        sentence_chrf(b"a", "a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`reference` must be a string\. Received: \['a'\]\."):
        sentence_chrf("a", ["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`references` must be a list of strings\. Received: 'a'"):
        pairwise_chrf(["a"], "a")
    with pytest.raises(ValueError, match=r"`hypotheses` must be a list of at least one string"):
        pairwise_chrf([], ["a"])
