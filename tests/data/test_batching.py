import hashlib
import subprocess
import sys
from typing import Any, Literal

import numpy as np
import pytest

from kerasseq.data import EncodedPairs, TokenBatches, TokenRows
from kerasseq.data.batching import padded_width

START, END = 2, 3
WEIGHTINGS: tuple[Literal["batch", "corpus"], ...] = ("batch", "corpus")
# Prints a digest of the plans of two epochs: this test and another process run the same lines.
PLANS = """
import hashlib
import numpy as np
from kerasseq.data import EncodedPairs, TokenBatches, TokenRows
lengths = 1 + np.arange(500) * 7 % 23
rows = TokenRows.from_lengths(np.full(lengths.sum(), 9, np.int32), lengths)
batches = TokenBatches(EncodedPairs(rows, rows, np.arange(500), 0, 0), 2, batch_tokens=128, seed=5)
plans = np.concatenate([row for epoch in (0, 1) for row in batches.plan(epoch)])
digest = hashlib.sha256(plans.astype(np.int64).tobytes()).hexdigest()
"""


def encoded(source_lengths: Any, target_lengths: Any) -> EncodedPairs:
    """Rows of 9s that end with the end id."""

    def rows(lengths: Any) -> TokenRows:
        return TokenRows.from_lists([[9] * (length - 1) + [END] for length in lengths])

    return EncodedPairs(
        rows(source_lengths), rows(target_lengths), np.arange(len(source_lengths)), 0, 0
    )


def random_lengths(size: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    source_lengths = generator.integers(1, 40, size)
    return source_lengths, np.maximum(1, source_lengths + generator.integers(-5, 6, size))


def test_widths_have_few_values() -> None:
    lengths = np.array([1, 2, 15, 16, 17, 18, 31, 33, 36, 37, 65, 128, 129])
    widths = [1, 2, 15, 16, 18, 18, 32, 36, 36, 40, 72, 128, 144]
    assert padded_width(lengths).tolist() == widths


def test_a_batch_by_hand() -> None:
    sources = TokenRows.from_lists([[7, END], [END]])
    targets = TokenRows.from_lists([[5, 6, END], [END]])
    batches = TokenBatches(EncodedPairs(sources, targets, np.arange(2), 0, 0), START, shuffle=False)
    (source_ids, target_ids), labels, sample_weight = batches.batch(0, 0)
    assert source_ids.tolist() == [[7, END], [END, 0]]
    assert target_ids.tolist() == [[START, 5, 6], [START, 0, 0]]
    assert labels.tolist() == [[5, 6, END], [END, 0, 0]]
    assert sample_weight.tolist() == [[1.5, 1.5, 1.5], [1.5, 0, 0]]  # 6 positions, 4 real tokens
    assert [array.dtype for array in (source_ids, target_ids, labels)] == [np.int32] * 3
    assert sample_weight.dtype == np.float32
    assert (batches.source_tokens, batches.target_tokens) == (3, 4)


def test_batch_tokens_count_padding_on_the_wider_side() -> None:
    # 24 = 4 rows of 6; the widest rows come first, and 7 rows of 2 to 3 fit into the rest.
    batches = TokenBatches(
        encoded([6, 2, 6, 2, 1, 2, 2, 2, 2, 3], [2, 6, 6, 2, 2, 1, 2, 2, 2, 6]),
        START,
        batch_tokens=24,
        shuffle=False,
    )
    assert [sorted(rows.tolist()) for rows in batches.plan(0)] == [[0, 1, 2, 9], [3, 4, 5, 6, 7, 8]]


def test_a_pair_over_the_budget_is_a_batch_of_its_own() -> None:
    batches = TokenBatches(encoded([9, 1, 1], [9, 1, 1]), START, batch_tokens=4, shuffle=False)
    assert [rows.tolist() for rows in batches.plan(0)] == [[0], [1, 2]]


def test_batches_are_of_about_equal_size() -> None:
    # 13 rows of 4 in batches of at most 40 tokens: 7 and 6, not 10 and 3.
    by_tokens = TokenBatches(encoded([4] * 13, [4] * 13), START, batch_tokens=40)
    assert sorted(len(rows) for rows in by_tokens.plan(0)) == [6, 7]
    by_size = TokenBatches(encoded([4] * 13, [9] * 13), START, batch_size=10)
    assert sorted(len(rows) for rows in by_size.plan(0)) == [6, 7]


@pytest.mark.parametrize("limit", [{"batch_tokens": 256}, {"batch_size": 32}, {}])
def test_every_epoch_has_every_pair_once_within_the_limit(limit: dict[str, Any]) -> None:
    source_lengths, target_lengths = random_lengths(1000)
    batches = TokenBatches(encoded(source_lengths, target_lengths), START, seed=1, **limit)
    for epoch in range(3):
        plan = batches.plan(epoch)
        assert len(plan) == len(batches)
        assert sorted(np.concatenate(plan).tolist()) == list(range(1000))
        for index in range(len(batches)):
            (source_ids, target_ids), labels, _ = batches.batch(epoch, index)
            assert target_ids.shape == labels.shape
            if "batch_size" in limit:
                assert len(labels) <= 32
            else:
                width = max(source_ids.shape[1], labels.shape[1])
                assert len(labels) * width <= limit.get("batch_tokens", 2048)


def test_rows_and_weights_of_every_batch_are_right() -> None:
    source_lengths, target_lengths = random_lengths(300)
    batches = TokenBatches(encoded(source_lengths, target_lengths), START, batch_tokens=200)
    for index, rows in enumerate(batches.plan(2)):
        (source_ids, target_ids), labels, sample_weight = batches.batch(2, index)
        assert (source_ids != 0).sum(axis=1).tolist() == source_lengths[rows].tolist()
        assert (source_ids[:, 1:] <= source_ids[:, :-1]).all()  # 9 ... 9 3 0 ... 0
        assert (labels[:, 1:] <= labels[:, :-1]).all()
        assert ((labels != 0) == (target_ids != 0)).all()
        assert ((labels != 0) == (sample_weight > 0)).all()
        assert (target_ids[:, 0] == START).all()
        assert (target_ids[:, 1:] != END).all()
        assert sample_weight.sum() == pytest.approx(labels.size, rel=1e-5)


def test_little_of_a_batch_is_padding() -> None:
    source_lengths, target_lengths = random_lengths(20_000)
    batches = TokenBatches(encoded(source_lengths, target_lengths), START)
    positions = sum(batches.batch(0, index)[1].size for index in range(len(batches)))
    assert batches.target_tokens / positions > 0.85


def test_epochs_differ_in_order_and_in_company() -> None:
    batches = TokenBatches(encoded(*random_lengths(1000)), START, batch_tokens=256)
    first, second = ({frozenset(rows.tolist()) for rows in batches.plan(epoch)} for epoch in (0, 1))
    assert len(first & second) < len(batches) / 10
    widths = [batches.batch(0, index)[1].shape[1] for index in range(len(batches))]
    assert widths != sorted(widths)
    assert widths != sorted(widths, reverse=True)


def test_order_is_a_function_of_seed_and_epoch() -> None:
    pairs = encoded(*random_lengths(200))
    batches = TokenBatches(pairs, START, batch_tokens=128, seed=7)
    plans = [batches.plan(epoch) for epoch in (0, 1)]
    again = TokenBatches(pairs, START, batch_tokens=128, seed=7)
    other = TokenBatches(pairs, START, batch_tokens=128, seed=8)
    for epoch in (1, 0):  # asked in another order
        for rows, same in zip(plans[epoch], again.plan(epoch), strict=True):
            assert rows.tolist() == same.tolist()
        assert np.concatenate(plans[epoch]).tolist() != np.concatenate(other.plan(epoch)).tolist()


def test_another_process_makes_the_same_plans() -> None:
    run = [sys.executable, "-c", PLANS + "print(digest)"]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    names: dict[str, Any] = {"hashlib": hashlib}
    exec(PLANS, names)
    assert printed == names["digest"]


def test_a_step_counts_over_epochs() -> None:
    batches = TokenBatches(encoded(*random_lengths(100)), START, batch_size=10)
    assert len(batches) == 10
    assert batches.at(23)[1].tolist() == batches.batch(2, 3)[1].tolist()


def test_without_shuffling_all_epochs_go_from_long_to_short() -> None:
    batches = TokenBatches(encoded(*random_lengths(100)), START, batch_size=10, shuffle=False)
    assert np.concatenate(batches.plan(0)).tolist() == np.concatenate(batches.plan(1)).tolist()
    widths = [batches.batch(0, index)[1].shape[1] for index in range(10)]
    assert widths[0] > widths[-1]


def test_corpus_weights_make_what_keras_reports_the_mean_over_all_tokens() -> None:
    source_lengths, target_lengths = random_lengths(100)
    for limit, num_replicas in ((64, 1), (500, 1), (500, 3)):
        batches = TokenBatches(
            encoded(source_lengths, target_lengths),
            START,
            batch_tokens=limit,
            shuffle=False,
            weighting="corpus",
            num_replicas=num_replicas,
        )
        reported = rows = 0.0
        for index in range(len(batches)):
            _, labels, sample_weight = batches.batch(0, index)
            losses = np.where(labels == END, 10.0, 1.0)  # 10 for each of 100 ends, 1 otherwise
            reported += len(labels) * (losses * sample_weight).mean()
            rows += len(labels)
        tokens = target_lengths.sum()
        assert reported / rows == pytest.approx((10 * 100 + tokens - 100) / tokens, rel=1e-6)


def test_devices_get_equally_many_rows_and_the_mean_stays_that_of_tokens() -> None:
    pairs = encoded([2, 2, 2], [3, 1, 2])
    for weighting in WEIGHTINGS:
        batches = TokenBatches(pairs, START, shuffle=False, weighting=weighting, num_replicas=2)
        (source_ids, target_ids), labels, sample_weight = batches.batch(0, 0)
        assert source_ids.shape == (4, 2)
        assert target_ids.shape == labels.shape == sample_weight.shape == (4, 3)
        assert not source_ids[3].any()
        assert not target_ids[3].any()
        assert not labels[3].any()
        assert sample_weight.sum() == 12  # over 6 real tokens and 12 positions
        assert not sample_weight[3].any()


def test_resampled_sources_change_no_plan_and_widen_the_batch() -> None:
    pairs = encoded([2, 2], [3, 3])
    calls = []

    def resample(epoch: int, rows: np.ndarray) -> TokenRows:
        calls.append((epoch, rows.tolist()))
        return TokenRows.from_lists([[8] * 4 + [END] for _ in rows])

    batches = TokenBatches(pairs, START, resample=resample)
    (source_ids, _), _, _ = batches.batch(4, 0)
    assert source_ids.tolist() == [[8, 8, 8, 8, END]] * 2
    assert calls == [(4, batches.plan(4)[0].tolist())]


def test_messages() -> None:
    pairs = encoded([1], [1])
    with pytest.raises(ValueError, match=r"not both\. Received: batch_tokens=1, batch_size=2\."):
        TokenBatches(pairs, START, batch_tokens=1, batch_size=2)
    with pytest.raises(ValueError, match=r"`batch_tokens` must be .* at least 1\. Received: 0\."):
        TokenBatches(pairs, START, batch_tokens=0)
    with pytest.raises(ValueError, match=r"`seed` must be .* at least 0\. Received: -1\."):
        TokenBatches(pairs, START, seed=-1)
    with pytest.raises(ValueError, match=r"`num_replicas` must be .* at least 1\. Received: 0\."):
        TokenBatches(pairs, START, num_replicas=0)
    with pytest.raises(ValueError, match=r"`weighting` must be one of 'batch', 'corpus'\. .*'row'"):
        TokenBatches(pairs, START, weighting="row")  # type: ignore[arg-type]


def test_padding_is_the_id_it_was_given() -> None:
    sources = TokenRows.from_lists([[7, 3], [3], [3]])
    targets = TokenRows.from_lists([[5, 6, 3], [3], [5, 3]])
    batches = TokenBatches(
        EncodedPairs(sources, targets, np.arange(3), 0, 0),
        2,
        pad_id=9,
        shuffle=False,
        num_replicas=2,
    )
    (source_ids, target_ids), labels, _ = batches.batch(0, 0)
    assert source_ids.tolist() == [[7, 3], [3, 9], [3, 9], [9, 9]]
    assert target_ids.tolist() == [[2, 5, 6], [2, 5, 9], [2, 9, 9], [9, 9, 9]]
    assert labels.tolist() == [[5, 6, 3], [5, 3, 9], [3, 9, 9], [9, 9, 9]]


def test_by_default_a_batch_has_at_most_2048_tokens() -> None:
    assert len(TokenBatches(encoded([2] * 1024, [2] * 1024), START)) == 1
    assert len(TokenBatches(encoded([2] * 1025, [2] * 1025), START)) == 2
