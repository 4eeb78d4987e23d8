from typing import Any

import numpy as np
import pytest

from kerasseq.data import (
    Pairs,
    evaluation_batches,
    evaluation_dataset,
    generate_dates,
    training_batches,
    training_dataset,
)
from kerasseq.text import TextCodec

A, B, START, END = 4, 5, 2, 3


def arrays(dataset: Any) -> list[list[Any]]:
    """The batches of an iteration as nested lists."""
    return [
        [source_ids.numpy().tolist(), target_ids.numpy().tolist(), labels.numpy().tolist()]
        for (source_ids, target_ids), labels, _ in dataset
    ]


def test_pairs_become_batches(codec: Any) -> None:
    dataset = training_dataset(Pairs(["ab", ""], ["b", ""]), codec, codec)
    [((source_ids, target_ids), labels, sample_weight)] = list(dataset)
    order = np.argsort(-source_ids.numpy()[:, 1])  # the pair with the longer source first
    assert source_ids.numpy()[order].tolist() == [[A, B, END], [END, 0, 0]]
    assert target_ids.numpy()[order].tolist() == [[START, B], [START, 0]]
    assert labels.numpy()[order].tolist() == [[B, END], [END, 0]]
    assert sample_weight.numpy()[order] == pytest.approx(np.array([[4, 4], [4, 0]]) / 3)


def test_a_dataset_is_repeated_by_its_seed_and_goes_on_from_its_epoch(codec: Any) -> None:
    pairs = generate_dates(60)
    first = training_dataset(pairs, codec, codec, batch_tokens=200, seed=1)
    epochs = [arrays(first), arrays(first)]
    assert epochs[0] != epochs[1]
    resumed = training_dataset(pairs, codec, codec, batch_tokens=200, seed=1, epoch=1)
    assert arrays(resumed) == epochs[1]
    other = training_dataset(pairs, codec, codec, batch_tokens=200, seed=2)
    assert arrays(other) != epochs[0]
    assert int(first.cardinality()) == len(epochs[0]) == len(epochs[1])


def test_steps_per_epoch_reaches_the_dataset(codec: Any) -> None:
    dataset = training_dataset(generate_dates(60), codec, codec, batch_size=10, steps_per_epoch=4)
    assert int(dataset.cardinality()) == 4


def test_training_drops_long_pairs_and_says_how_many(codec: Any) -> None:
    pairs = Pairs(["aaa", "a", "b"], ["a", "aaaa", "bb"])
    batches = training_batches(pairs, codec, codec, max_length=2)
    assert (batches.dropped, batches.cut, batches.source_tokens, batches.target_tokens) == (
        *(2, 0),
        *(2, 3),
    )
    cut = training_batches(pairs, codec, codec, max_length=2, long_pairs="cut")
    assert (cut.dropped, cut.cut, cut.source_tokens, cut.target_tokens) == (0, 2, 7, 8)


def test_evaluation_keeps_all_pairs_in_one_order(codec: Any) -> None:
    pairs = Pairs(["a", "aaaa", "", "b"], ["bbb", "b", "", "b"])
    dataset = evaluation_dataset(pairs, codec, codec, batch_size=2, max_length=2)
    assert int(dataset.cardinality()) == 2
    assert arrays(dataset) == arrays(dataset)
    batches = evaluation_batches(pairs, codec, codec, max_length=2)
    assert (batches.dropped, batches.cut) == (0, 2)
    assert sorted(np.concatenate(batches.plan(0)).tolist()) == [0, 1, 2, 3]


def test_evaluation_takes_the_first_of_several_references(codec: Any) -> None:
    pairs = Pairs(["a", "a"], ["b", "bb"]).group()
    [[_, _, labels]] = arrays(evaluation_dataset(pairs, codec, codec))
    assert labels == [[B, END]]


def test_sampling_changes_tokens_each_epoch_and_never_the_number_of_batches(codec: Any) -> None:
    texts = ["ab" * (1 + number % 9) for number in range(60)]
    dataset = training_dataset(
        Pairs(texts, texts), codec, codec, batch_tokens=64, sampling=1.0, max_length=30
    )
    lengths, epochs = [], set()
    for _ in range(3):
        batches = [ids.numpy() for (ids, _), _, _ in dataset]
        assert len(batches) == int(dataset.cardinality())
        lengths.append(sum((ids > END).sum() for ids in batches))
        epochs.add(tuple(sorted(row[row > 0].tobytes() for ids in batches for row in ids)))
    assert len(epochs) == 3
    plain = sum(map(len, texts))
    assert all(plain < length < 2 * plain for length in lengths)


@pytest.fixture(scope="module")
def subword_codec() -> TextCodec:
    return TextCodec.train(generate_dates(300).sources, tokenizer="subword", vocabulary_size=200)


def test_the_real_codec_reads_every_text_back(subword_codec: TextCodec) -> None:
    pairs = generate_dates(60, seed=1)
    target_codec = TextCodec.train(pairs.targets, tokenizer="character")
    dataset = training_dataset(pairs, subword_codec, target_codec, batch_size=16)
    read: list[tuple[bytes, bytes]] = []
    for (source_ids, target_ids), labels, _ in dataset:
        sources = subword_codec.decode(source_ids).numpy()
        assert target_codec.decode(target_ids).numpy().tolist() == (
            target_codec.decode(labels).numpy().tolist()
        )
        read += zip(sources, target_codec.decode(labels).numpy(), strict=True)
    texts = sorted((source.decode(), target.decode()) for source, target in read)
    assert texts == sorted(pairs)


def test_the_real_codec_samples_anew_in_each_epoch_and_the_same_in_each_run(
    subword_codec: TextCodec,
) -> None:
    pairs = generate_dates(30, seed=1)
    first, again = (
        training_dataset(pairs, subword_codec, subword_codec, batch_size=8, sampling=1.0)
        for _ in range(2)
    )
    epochs = [arrays(first), arrays(first)]
    assert epochs == [arrays(again), arrays(again)]
    rows: list[set[tuple[int, ...]]] = [
        {tuple(filter(None, row)) for source_ids, _, _ in epoch for row in source_ids}
        for epoch in epochs
    ]
    assert len(rows[0] & rows[1]) < 20
    for source_ids, _, _ in epochs[1]:
        texts = [text.decode() for text in subword_codec.decode(source_ids).numpy()]
        assert set(texts) <= set(pairs.sources)


def test_a_codec_that_cannot_sample_says_so_at_once() -> None:
    pairs = generate_dates(3)
    codec = TextCodec.train(pairs.sources, tokenizer="character")
    with pytest.raises(ValueError, match="sample"):
        training_dataset(pairs, codec, codec, sampling=0.5)


def test_messages(codec: Any) -> None:
    pairs = Pairs(["a"], ["b"])
    with pytest.raises(ValueError, match=r"`sampling` must be a number in \[0, 1\]\. .* 1\.5"):
        training_dataset(pairs, codec, codec, sampling=1.5)
    with pytest.raises(ValueError, match=r"`sampling_alpha` .* at least 0\. Received: -1"):
        training_dataset(pairs, codec, codec, sampling_alpha=-1)
    with pytest.raises(ValueError, match=r"not both\. Received: batch_tokens=5, batch_size=6\."):
        evaluation_dataset(pairs, codec, codec, batch_tokens=5, batch_size=6)


def test_what_is_asked_of_a_training_dataset_reaches_its_batches(codec: Any) -> None:
    pairs = Pairs(["ab", "aaaa", "b", ""], ["a", "b", "abcd", "c"])
    options = {"batch_size": 3, "max_length": 3, "seed": 4, "num_replicas": 2}
    dataset = training_dataset(
        pairs, codec, codec, long_pairs="cut", sampling=0.25, sampling_alpha=0.5, **options
    )
    batches = dataset.epochs.batches
    assert {name: getattr(batches, name) for name in ("batch_size", "seed", "num_replicas")} == {
        **{"batch_size": 3, "seed": 4, "num_replicas": 2}
    }
    assert (batches.cut, batches.dropped) == (2, 0)
    sampler = batches.resample
    assert (sampler.max_length, sampler.seed, sampler.rate, sampler.alpha) == (3, 4, 0.25, 0.5)


def test_what_is_asked_of_an_evaluation_dataset_reaches_its_batches(codec: Any) -> None:
    pairs = Pairs(["ab", "aaaa", "b"], ["a", "b", "abcd"])
    dataset = evaluation_dataset(pairs, codec, codec, batch_size=2, max_length=3, num_replicas=4)
    batches = dataset.epochs.batches
    assert (batches.batch_size, batches.cut, batches.num_replicas) == (2, 2, 4)


def test_the_loss_of_an_evaluation_is_the_mean_over_all_its_tokens(codec: Any) -> None:
    pairs = Pairs(["a", "b", "c"], ["aaaaa", "bb", ""])  # 6, 3 and 1 labels, 3 of them ends
    reported = rows = 0.0
    for _, labels, sample_weight in evaluation_dataset(pairs, codec, codec, batch_size=2):
        losses = np.where(labels.numpy() == END, 11.0, 1.0)
        reported += len(losses) * (losses * sample_weight.numpy()).mean()
        rows += len(losses)
    assert reported / rows == pytest.approx((3 * 11 + 7) / 10)


def test_by_default_a_side_has_at_most_256_tokens(codec: Any) -> None:
    pairs = Pairs(["a" * 256, "b" * 257], ["a", "b"])
    assert training_batches(pairs, codec, codec).encoded.kept.tolist() == [0]
    assert evaluation_batches(pairs, codec, codec).source_tokens == 257 + 257


def test_a_sampled_source_stays_with_its_target_when_pairs_before_it_are_dropped(
    codec: Any,
) -> None:
    pairs = Pairs(["aaaa", "b", "c", "cccc", "d"], ["a", "b", "c", "c", "d"])
    dataset = training_dataset(pairs, codec, codec, max_length=3, sampling=1.0)
    letters: list[int] = []
    for (source_ids, _), labels, _ in dataset:
        for source, target in zip(source_ids.numpy(), labels.numpy(), strict=True):
            assert {*source[source > END]} == {*target[target > END]}
            letters += {*target[target > END]}
    assert sorted(letters) == [5, 6, 7]
