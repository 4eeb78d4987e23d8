import itertools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq import models, training
from kerasseq.data import EncodedPairs, FollowEpochs, TokenBatches, TokenRows, as_dataset


@pytest.fixture
def batches() -> TokenBatches:
    """Ten batches of two pairs, told apart by their first token."""
    rows = TokenRows.from_lists([[10 + number, 3] for number in range(20)])
    return TokenBatches(EncodedPairs(rows, rows, np.arange(20), 0, 0), 2, batch_size=2)


def order(elements: Any) -> list[list[int]]:
    return [labels[:, 0].numpy().tolist() for _, labels, _ in elements]


def expected(batches: TokenBatches, *steps: int) -> list[list[int]]:
    return [batches.at(step)[1][:, 0].tolist() for step in steps]


def test_elements_are_what_fit_takes(batches: TokenBatches) -> None:
    dataset = as_dataset(batches)
    assert isinstance(dataset, tf.data.Dataset)
    (source_ids, target_ids), labels, sample_weight = next(iter(dataset))
    (_, expected_ids), expected_labels, expected_weight = batches.batch(0, 0)
    assert source_ids.shape == (2, 2)
    assert target_ids.numpy().tolist() == expected_ids.tolist()
    assert labels.numpy().tolist() == expected_labels.tolist()
    assert sample_weight.numpy().tolist() == expected_weight.tolist()


def test_no_thread_is_there_that_the_end_of_an_iteration_waits_for(batches: TokenBatches) -> None:
    """That which tunes datasets sleeps, in the end for a minute, and is not always woken."""
    assert as_dataset(batches).options().autotune.enabled is False


def test_every_iteration_is_the_next_epoch_and_has_the_stated_number(
    batches: TokenBatches,
) -> None:
    dataset = as_dataset(batches, epoch=2)
    assert int(dataset.cardinality()) == 10
    for epoch in (2, 3, 4):
        assert order(dataset) == expected(batches, *range(10 * epoch, 10 * epoch + 10))


def test_a_look_at_some_batches_leaves_the_epoch(batches: TokenBatches) -> None:
    dataset = as_dataset(batches)
    for looked_at in (1, 9):  # prefetching has made all ten by the ninth
        assert order(itertools.islice(dataset, looked_at)) == expected(batches, *range(looked_at))
    assert order(dataset) == expected(batches, *range(10))


def test_the_epoch_is_over_with_its_last_batch_as_keras_asks_for_no_more(
    batches: TokenBatches,
) -> None:
    dataset = as_dataset(batches)
    for epoch in range(3):
        iterator = iter(dataset)
        taken = [next(iterator) for _ in range(10)]
        assert order(taken) == expected(batches, *range(10 * epoch, 10 * epoch + 10))


def test_epochs_may_be_shorter_or_longer_than_the_data(batches: TokenBatches) -> None:
    shorter = as_dataset(batches, epoch=3, steps_per_epoch=4)
    assert int(shorter.cardinality()) == 4
    assert order(shorter) == expected(batches, 12, 13, 14, 15)
    assert order(shorter) == expected(batches, 16, 17, 18, 19)
    longer = as_dataset(batches, epoch=1, steps_per_epoch=12)
    assert order(longer) == expected(batches, *range(12, 24))


def test_messages(batches: TokenBatches) -> None:
    with pytest.raises(ValueError, match=r"`epoch` must be .* at least 0\. Received: -1\."):
        as_dataset(batches, epoch=-1)
    with pytest.raises(ValueError, match=r"`steps_per_epoch` .* at least 1\. Received: 0\."):
        as_dataset(batches, steps_per_epoch=0)


def test_fit_follows_however_its_callbacks_are_given(batches: TokenBatches) -> None:
    network = models.build("bidirectional_luong", 32, 32, encoder_units=2, decoder_units=4)
    network.compile("sgd", training.TokenCrossentropy(), jit_compile=False)
    dataset, seen = as_dataset(batches, epoch=3), []
    look = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(dataset.epochs.epoch)
    )
    network.fit(dataset, None, None, 1, 0, [look], shuffle=False)
    network.fit(dataset, epochs=1, verbose=0, callbacks=look, shuffle=False)
    assert seen == [3, 4]


def test_a_callback_says_which_epoch_begins(batches: TokenBatches) -> None:
    """Whatever was taken ahead before, as devices do that share batches."""
    dataset = as_dataset(batches, epoch=5)
    follower = FollowEpochs(dataset, initial_epoch=2)
    order(dataset)
    for epoch in (2, 3):
        follower.on_epoch_begin(epoch)
        assert order(dataset) == expected(batches, *range(10 * epoch + 30, 10 * epoch + 40))


def test_an_iteration_that_ends_late_does_not_turn_the_epoch_back() -> None:
    rows = TokenRows.from_lists([[10 + number, 3] for number in range(20)])
    batches = TokenBatches(EncodedPairs(rows, rows, np.arange(20), 0, 0), 2, batch_size=2)
    dataset = as_dataset(batches)
    iterator = iter(dataset)
    for _ in range(9):
        next(iterator)
    dataset.epochs.epoch = 5  # as a callback says that another epoch begins
    next(iterator)
    assert dataset.epochs.epoch == 5
