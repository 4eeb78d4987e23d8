from collections.abc import Callable, Sequence

import numpy as np
import pytest
import sacrebleu
from sacrebleu.significance import PairedTest, Result

from kerasseq.evaluation import (
    Comparison,
    ExactMatch,
    SequenceErrorRate,
    approximate_randomization,
    bootstrap_interval,
    paired_bootstrap,
)

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight"]


def corpus(size: int, wrong: float, seed: int) -> tuple[list[str], list[str]]:
    """References of eight words, and hypotheses with a share of wrong words."""
    generator = np.random.default_rng(seed)
    words = np.random.default_rng(0).choice(WORDS, size=(size, 8))
    changed = np.where(generator.random(words.shape) < wrong, "other", words)
    return [" ".join(row) for row in changed], [" ".join(row) for row in words]


BASELINE, REFERENCES = corpus(40, 0.30, seed=1)
SYSTEM, _ = corpus(40, 0.25, seed=2)


@pytest.fixture(params=["bleu", "chrf"])
def metric(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("kind", "test"), [("bs", paired_bootstrap), ("ar", approximate_randomization)]
)
def test_p_values_equal_sacrebleus(
    kind: str, test: Callable[..., Comparison], metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    peers = {"bleu": sacrebleu.BLEU(), "chrf": sacrebleu.CHRF()}
    systems: list[tuple[str, Sequence[str]]] = [("baseline", BASELINE), ("system", SYSTEM)]
    _, scores = PairedTest(systems, {metric: peers[metric]}, [REFERENCES], kind, n_samples=200)()
    first, second = scores[{"bleu": "BLEU", "chrf": "chrF2"}[metric]]
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    ours = test(BASELINE, SYSTEM, REFERENCES, metric, num_samples=200, seed=7)
    assert (ours.baseline, ours.system) == (first.score, second.score)
    assert ours.p_value == pytest.approx(second.p_value, abs=1e-12)
    assert 0.01 < ours.p_value < 1  # neither end, where any test would agree


def test_randomization_comes_near_the_share_of_all_swaps() -> None:
    # Right or not, sentence by sentence: 1 1 1 1 0 and 0 0 0 1 1, so the systems differ in four,
    # +1 +1 +1 -1. Of the 16 ways to turn signs all but the 6 with two of each sum to 2 or more.
    references, baseline, system = list("abcde"), list("abcdx"), list("xxxde")
    expected = 10 / 16
    result = approximate_randomization(baseline, system, references, "exact_match", seed=3)
    assert result.p_value == pytest.approx(expected, abs=0.02)
    assert (result.baseline, result.system, result.better) == (80.0, 40.0, False)


def test_many_sentences_are_drawn_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerasseq.evaluation.significance.BLOCK", 90)  # two draws of 40 at a time
    result = approximate_randomization(BASELINE, SYSTEM, REFERENCES, "exact_match", 2001, seed=1)
    monkeypatch.undo()
    whole = approximate_randomization(BASELINE, SYSTEM, REFERENCES, "exact_match", 2001, seed=1)
    assert result.p_value == pytest.approx(whole.p_value, abs=0.05)


@pytest.mark.parametrize("test", [paired_bootstrap, approximate_randomization])
def test_equal_outputs_are_chance_and_a_plain_gain_is_not(
    test: Callable[..., Comparison], metric: str
) -> None:
    same = test(BASELINE, BASELINE, REFERENCES, metric, num_samples=100)
    assert (same.p_value, same.better) == (1.0, False)
    perfect = test(BASELINE, REFERENCES, REFERENCES, metric, num_samples=100)
    assert (perfect.p_value, perfect.better) == (1 / 101, True)


def test_better_follows_the_direction_of_the_metric() -> None:
    result = paired_bootstrap(
        ["x", "x"], ["a", "x"], ["a", "b"], "sequence_error_rate", num_samples=10
    )
    assert (result.baseline, result.system, result.better) == (100.0, 50.0, True)
    assert result.to_dict() == {
        "baseline": 100.0,
        "system": 50.0,
        "p_value": result.p_value,
        "better": True,
    }


def test_the_interval_of_a_share_is_the_binomials() -> None:
    # 100 of 400 right: standard error 100 * sqrt(1/4 * 3/4 / 400), 1.96 of it on either side.
    hypotheses, references = ["a"] * 100 + ["b"] * 300, ["a"] * 400
    interval = bootstrap_interval(hypotheses, references, ExactMatch(), num_samples=2000, seed=5)
    margin = 1.96 * 100 * (1 / 4 * 3 / 4 / 400) ** 0.5
    assert interval.value == 25.0
    assert (interval.low, interval.high) == pytest.approx((25 - margin, 25 + margin), abs=0.5)


def test_less_confidence_is_a_narrower_interval_inside() -> None:
    wide = bootstrap_interval(SYSTEM, REFERENCES, num_samples=100)
    narrow = bootstrap_interval(SYSTEM, REFERENCES, num_samples=100, confidence=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.to_dict() == {
        "value": wide.value,
        "low": wide.low,
        "high": wide.high,
        "confidence": 0.95,
    }


def test_a_seed_gives_the_same_numbers_and_another_gives_others() -> None:
    first = bootstrap_interval(SYSTEM, REFERENCES, num_samples=50, seed=1)
    assert bootstrap_interval(SYSTEM, REFERENCES, num_samples=50, seed=1) == first
    assert bootstrap_interval(SYSTEM, REFERENCES, num_samples=50, seed=2) != first


def test_messages() -> None:
    with pytest.raises(ValueError, match=r"for the same sources\. Received: 1 and 2 sentences\."):
        paired_bootstrap(["a"], ["a", "b"], ["a"])
    with pytest.raises(TypeError, match=r"`system` must be a list of strings\. Received: 'a'\."):
        approximate_randomization(["a"], "a", ["a"])
    with pytest.raises(ValueError, match=r"Received: 1 hypotheses, 2 references\."):
        paired_bootstrap(["a"], ["b"], ["a", "c"])
    with pytest.raises(ValueError, match=r"`num_samples` must be an integer of at least 1"):
        bootstrap_interval(["a"], ["a"], num_samples=0)
    with pytest.raises(ValueError, match=r"`num_samples` must be an integer of at least 1"):
        approximate_randomization(["a"], ["a"], ["a"], num_samples=0)
    with pytest.raises(ValueError, match=r"`seed` must be an integer of at least 0\. Received: -1"):
        paired_bootstrap(["a"], ["a"], ["a"], seed=-1)
    with pytest.raises(ValueError, match=r"`confidence` must be a number in \[0, 1\]"):
        bootstrap_interval(["a"], ["a"], confidence=95)
    with pytest.raises(ValueError, match=r"`metric` must be one of 'bleu', .* Received: 'wer'"):
        bootstrap_interval(["a"], ["a"], "wer")


def test_an_object_serves_as_well_as_a_name() -> None:
    by_name = paired_bootstrap(BASELINE, SYSTEM, REFERENCES, "sequence_error_rate", num_samples=9)
    by_object = paired_bootstrap(BASELINE, SYSTEM, REFERENCES, SequenceErrorRate(), num_samples=9)
    assert by_name == by_object


def test_by_default_a_thousand_test_sets_are_drawn_and_ten_thousand_swaps() -> None:
    # Chance never gives as much as the gain from hardly any right sentence to all.
    randomized = approximate_randomization(BASELINE, REFERENCES, REFERENCES, "exact_match")
    assert randomized.p_value == 1 / 10_001
    resampled = paired_bootstrap(BASELINE, REFERENCES, REFERENCES, "exact_match")
    assert resampled.p_value == 1 / 1_001
