"""What `model.fit` and `model.evaluate` get: texts in, batches of token ids out."""

from typing import TYPE_CHECKING, Literal

import tensorflow as tf

from kerasseq import checks
from kerasseq.data.batching import TokenBatches
from kerasseq.data.encoding import encode_pairs
from kerasseq.data.pairs import Pairs
from kerasseq.data.streaming import as_dataset
from kerasseq.data.subword_sampler import SubwordSampler

if TYPE_CHECKING:
    from kerasseq.text import TextCodec

DEFAULT_MAX_LENGTH = 256


def training_dataset(
    pairs: Pairs,
    source_codec: "TextCodec",
    target_codec: "TextCodec",
    batch_tokens: int | None = None,
    batch_size: int | None = None,
    max_length: int | None = DEFAULT_MAX_LENGTH,
    long_pairs: Literal["drop", "cut"] = "drop",
    seed: int = 0,
    epoch: int = 0,
    steps_per_epoch: int | None = None,
    sampling: float = 0.0,
    sampling_alpha: float = 0.1,
    num_replicas: int = 1,
) -> tf.data.Dataset:
    """Makes a dataset to `fit` on: `((source_ids, target_ids), labels, sample_weight)`.

    The texts are encoded once, here. Each iteration is an epoch: all pairs once, in batches of
    similar lengths and about equal numbers of tokens, in an order that is a pure function of
    `(seed, epoch)`. The weights make Keras' default reduction the mean over real tokens.

    Args:
        pairs: the texts.
        source_codec: encodes the sources.
        target_codec: encodes the targets.
        batch_tokens: the most tokens of a batch: its rows times the wider of source and target,
            padding included. A longer pair is a batch of its own. `None` means 2,048, unless
            `batch_size` is given.
        batch_size: the most pairs of a batch, in place of `batch_tokens`.
        max_length: the limit of tokens a side, start and end ids not counted; `None` for no limit.
        long_pairs: whether to `"drop"` a pair with a side over the limit or to `"cut"` that side.
            The log says how many there are.
        seed: what decides the order and the sampling, with the epoch.
        epoch: the number of the first epoch: `initial_epoch` of a `fit` that goes on.
        steps_per_epoch: the batches of an iteration, for epochs that are shorter or longer than
            the data; `None` means all pairs once. Iteration `epoch` then has the steps from
            `epoch * steps_per_epoch` on, and each `len(batches)` steps go through all pairs.
        sampling: the probability of a source to be tokenised anew, at random, in an epoch
            (subword regularisation, some 0.15 ms of CPU time for a text's first sample and a
            tenth of it for later ones); 0 means that each text always has the same tokens.
        sampling_alpha: how sure the tokenizer is when it samples: 0 draws evenly among the best
            tokenisations, large values draw the best one.
        num_replicas: how many devices share a batch, `num_replicas_in_sync` of a `tf.distribute`
            strategy: rows of padding make batches divisible by it.

    Returns:
        A `tf.data.Dataset` with a known number of batches, of `source_ids`
        `(batch, source_length)` int32: tokens and end; `target_ids` `(batch, target_length)`
        int32: start and tokens; `labels` `(batch, target_length)` int32: tokens and end;
        `sample_weight` `(batch, target_length)` float32: 0 on padding.

    Raises:
        ValueError: if no pair is left, or `sampling` is asked of a codec that cannot sample.

    Example:

    >>> dataset = training_dataset(train, source_codec, target_codec)  # doctest: +SKIP
    >>> network.fit(dataset, epochs=8, shuffle=False)  # doctest: +SKIP
    """
    batches = training_batches(
        pairs,
        source_codec,
        target_codec,
        batch_tokens=batch_tokens,
        batch_size=batch_size,
        max_length=max_length,
        long_pairs=long_pairs,
        seed=seed,
        sampling=sampling,
        sampling_alpha=sampling_alpha,
        num_replicas=num_replicas,
    )
    return as_dataset(batches, epoch=epoch, steps_per_epoch=steps_per_epoch)


def evaluation_dataset(
    pairs: Pairs,
    source_codec: "TextCodec",
    target_codec: "TextCodec",
    batch_tokens: int | None = None,
    batch_size: int | None = None,
    max_length: int | None = DEFAULT_MAX_LENGTH,
    num_replicas: int = 1,
) -> tf.data.Dataset:
    """Makes a dataset to `evaluate` on, or to validate: all pairs, in one fixed order.

    Same elements as `training_dataset`. Sides over the limit are cut, no pair is left out. Of
    several references the first counts. The weights differ from those of training in scale: the
    loss that Keras reports is the mean over all real tokens, whatever the batches are.

    Args:
        pairs: the texts.
        source_codec: encodes the sources.
        target_codec: encodes the targets.
        batch_tokens: the most tokens of a batch, padding included, as in `training_dataset`.
        batch_size: the most pairs of a batch, in place of `batch_tokens`.
        max_length: the limit of tokens a side, start and end ids not counted; `None` for no limit.
        num_replicas: how many devices share a batch, as in `training_dataset`.
    """
    batches = evaluation_batches(
        pairs,
        source_codec,
        target_codec,
        batch_tokens=batch_tokens,
        batch_size=batch_size,
        max_length=max_length,
        num_replicas=num_replicas,
    )
    return as_dataset(batches)


def training_batches(
    pairs: Pairs,
    source_codec: "TextCodec",
    target_codec: "TextCodec",
    batch_tokens: int | None = None,
    batch_size: int | None = None,
    max_length: int | None = DEFAULT_MAX_LENGTH,
    long_pairs: Literal["drop", "cut"] = "drop",
    seed: int = 0,
    sampling: float = 0.0,
    sampling_alpha: float = 0.1,
    num_replicas: int = 1,
) -> TokenBatches:
    """Makes the batches of `training_dataset`, which has the meaning of the arguments.

    For those who want to know what is in them (`dropped`, `target_tokens`), or to read any batch
    of any epoch; `as_dataset` makes the dataset.
    """
    checks.check_probability("sampling", sampling)
    checks.check_number("sampling_alpha", sampling_alpha, minimum=0)
    encoded = encode_pairs(pairs, source_codec, target_codec, max_length, long_pairs)
    resample = None
    if sampling:
        texts = [pairs.sources[row] for row in encoded.kept]
        source_codec.sample(texts[:1], [0])  # a codec that cannot says so here, not in `fit`
        resample = SubwordSampler(
            texts, encoded.sources, source_codec, max_length, seed, sampling, sampling_alpha
        )
    return TokenBatches(
        encoded,
        target_codec.start_id,
        target_codec.pad_id,
        batch_tokens=batch_tokens,
        batch_size=batch_size,
        seed=seed,
        resample=resample,
        num_replicas=num_replicas,
    )


def evaluation_batches(
    pairs: Pairs,
    source_codec: "TextCodec",
    target_codec: "TextCodec",
    batch_tokens: int | None = None,
    batch_size: int | None = None,
    max_length: int | None = DEFAULT_MAX_LENGTH,
    num_replicas: int = 1,
) -> TokenBatches:
    """Makes the batches of `evaluation_dataset`, which has the meaning of the arguments."""
    return TokenBatches(
        encode_pairs(pairs, source_codec, target_codec, max_length, long_pairs="cut"),
        target_codec.start_id,
        target_codec.pad_id,
        batch_tokens=batch_tokens,
        batch_size=batch_size,
        shuffle=False,
        weighting="corpus",
        num_replicas=num_replicas,
    )
