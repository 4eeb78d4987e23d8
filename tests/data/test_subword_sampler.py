from typing import Any

import numpy as np
import pytest

from kerasseq.data import (
    Pairs,
    SubwordSampler,
    TokenRows,
    encode_pairs,
    subword_sampler,
)
from kerasseq.text.segmentation_sampling import Candidates

A, END = 4, 3


def make(codec: Any, size: int, rate: float, seed: int = 0, **options: Any) -> SubwordSampler:
    texts = ["a"] * size
    sources = encode_pairs(Pairs(texts, texts), codec, codec).sources
    options = {"max_length": None, "alpha": 0.1, **options}
    return SubwordSampler(texts, sources, codec, seed=seed, rate=rate, **options)


def doubled(rows: TokenRows) -> np.ndarray:
    """Which rows the codec of the tests wrote twice."""
    return rows.lengths == 3


def test_a_row_gets_its_tokens_whatever_the_batch(codec: Any) -> None:
    sampler = make(codec, 100, rate=1.0)
    together = doubled(sampler(3, np.arange(100)))
    assert doubled(sampler(3, np.array([70, 5]))).tolist() == together[[70, 5]].tolist()
    assert doubled(make(codec, 100, rate=1.0)(3, np.arange(100))).tolist() == together.tolist()
    assert 30 < together.sum() < 70


def test_epochs_and_seeds_draw_anew(codec: Any) -> None:
    rows = np.arange(100)
    drawn = {
        tuple(doubled(make(codec, 100, rate=1.0, seed=seed)(epoch, rows)))
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len(drawn) == 4


def test_the_rate_is_the_share_of_rows_that_are_sampled(
    codec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def candidates(texts: list[str], alpha: float) -> list[Candidates]:
        seen.append((len(texts), alpha))
        return [Candidates([[A, A]], np.zeros(30), alpha) for _ in texts]

    monkeypatch.setattr(codec, "candidates", candidates)
    rows = make(codec, 2000, rate=0.25, alpha=0.5)(0, np.arange(2000))
    assert seen == [(doubled(rows).sum(), 0.5)]
    assert 420 < doubled(rows).sum() < 580
    assert rows[0][-1] == END


@pytest.mark.parametrize(("kept", "found"), [(2**20, 20), (2000, 20 + 17 + 17), (0, 60)])
def test_what_is_kept_saves_work_and_changes_nothing(
    codec: Any, monkeypatch: pytest.MonkeyPatch, kept: int, found: int
) -> None:
    asked = []
    candidates = codec.candidates

    def spy(texts: list[str], alpha: float) -> list[Candidates]:
        asked.extend(texts)
        return candidates(texts, alpha)

    monkeypatch.setattr(codec, "candidates", spy)
    monkeypatch.setattr(subword_sampler, "CACHE_BYTES", kept)
    sampler = make(codec, 20, rate=1.0)
    rows = np.arange(20)
    drawn = [doubled(sampler(epoch, rows)).tolist() for epoch in range(3)]
    assert len(asked) == found
    afresh = [doubled(make(codec, 20, rate=1.0)(epoch, rows)).tolist() for epoch in range(3)]
    assert drawn == afresh


def test_a_sample_over_the_limit_is_not_used(codec: Any) -> None:
    rows = make(codec, 50, rate=1.0, max_length=1)(0, np.arange(50))
    assert set(rows.lengths.tolist()) == {2}


def test_a_sample_as_long_as_the_limit_is_used(codec: Any) -> None:
    from kerasseq.data import Pairs, SubwordSampler, encode_pairs

    texts = ["a"] * 50
    sources = encode_pairs(Pairs(texts, texts), codec, codec).sources
    sampler = SubwordSampler(texts, sources, codec, max_length=2, seed=0, rate=1.0, alpha=0.1)
    assert set(sampler(0, np.arange(50)).lengths.tolist()) == {2, 3}
