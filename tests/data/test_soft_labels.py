"""Distributions beside labels: asked once, and each with its token in every epoch."""

from typing import Any

import numpy as np
import pytest

from kerasseq.data import EncodedPairs, SoftLabels, TokenBatches, TokenRows, as_dataset

START, VOCABULARY = 2, 5


def make_batches(**options: Any) -> TokenBatches:
    """Sixty pairs whose source tells the pair and whose target has one to nine tokens."""
    lengths = 1 + np.arange(60) % 9
    sources = TokenRows.from_lists([[100 + pair, 3] for pair in range(60)])
    targets = TokenRows.from_lists([[7] * (length - 1) + [3] for length in lengths])
    encoded = EncodedPairs(sources, targets, np.arange(60), 0, 0)
    return TokenBatches(encoded, START, **{"batch_tokens": 32, **options})


def answer(inputs: list[np.ndarray]) -> np.ndarray:
    """Another value for each pair, position and entry."""
    source_ids, target_ids = inputs
    pairs = 10_000.0 * source_ids[:, :1, np.newaxis]
    positions = 10.0 * np.arange(target_ids.shape[1])[:, np.newaxis]
    return (pairs + positions + np.arange(VOCABULARY)).reshape(-1, VOCABULARY)


def expected(batches: TokenBatches, epoch: int, index: int) -> np.ndarray:
    inputs, labels, _ = batches.batch(epoch, index)
    said = answer(list(inputs)).reshape(*labels.shape, VOCABULARY)
    return np.where(labels[..., np.newaxis] != 0, said, 0)


@pytest.mark.parametrize("options", [{}, {"num_replicas": 4}, {"shuffle": False}])
def test_every_token_keeps_what_was_said_of_it(options: dict[str, Any]) -> None:
    batches = make_batches(**options)
    soft_labels = SoftLabels(batches, answer, VOCABULARY)
    for epoch in (0, 3):
        for index in range(len(batches)):
            said = soft_labels.batch(epoch, index)
            assert said.dtype == np.float32
            np.testing.assert_array_equal(said, expected(batches, epoch, index))


def test_each_batch_is_asked_for_once() -> None:
    batches, asked = make_batches(), []

    def ask(inputs: list[np.ndarray]) -> np.ndarray:
        asked.extend(inputs[0][:, 0].tolist())
        return answer(inputs)

    soft_labels = SoftLabels(batches, ask, VOCABULARY)
    for step in range(3 * len(batches)):
        soft_labels.batch(*divmod(step, len(batches)))
    assert sorted(asked) == list(range(100, 160))


def test_a_dataset_brings_them_beside_the_labels() -> None:
    batches = make_batches()
    soft_labels = SoftLabels(batches, answer, VOCABULARY)
    dataset = as_dataset(batches, epoch=1, steps_per_epoch=3, soft_labels=soft_labels)
    for iteration in (1, 2):
        for index, (inputs, (labels, said), weights) in enumerate(dataset):
            place = divmod(3 * iteration + index, len(batches))
            (source_ids, target_ids), plain_labels, plain_weights = batches.batch(*place)
            np.testing.assert_array_equal(inputs[0], source_ids)
            np.testing.assert_array_equal(inputs[1], target_ids)
            np.testing.assert_array_equal(labels, plain_labels)
            np.testing.assert_array_equal(said, expected(batches, *place))
            np.testing.assert_array_equal(weights, plain_weights)
    assert dataset.element_spec[1][1].shape.rank == 3


def test_sources_that_change_have_none() -> None:
    def resample(epoch: int, rows: np.ndarray) -> TokenRows:
        return TokenRows.from_lists([[9, 3]] * len(rows))

    with pytest.raises(ValueError, match="`batches` must have sources that keep their tokens"):
        SoftLabels(make_batches(resample=resample), answer, VOCABULARY)


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`ask` must give .* Received: shape \(\d+, 5\)"):
        SoftLabels(make_batches(), answer, VOCABULARY - 1)
    with pytest.raises(ValueError, match="`vocabulary_size` must be"):
        SoftLabels(make_batches(), answer, 0)


def test_those_of_other_batches_are_refused() -> None:
    soft_labels = SoftLabels(make_batches(), answer, VOCABULARY)
    with pytest.raises(ValueError, match="`soft_labels` must be those of `batches`"):
        as_dataset(make_batches(), soft_labels=soft_labels)
