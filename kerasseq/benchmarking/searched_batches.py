"""What a search is timed on: sources of similar length, and how long their outputs may become."""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np

from kerasseq import data, models, training
from kerasseq.benchmarking import corpora
from kerasseq.benchmarking.reference import Reference, random_rows
from kerasseq.experiments.network_session import network_session
from kerasseq.text import END_ID

SENTENCES = 1000
NEVER = -1e9


class SearchedBatch(NamedTuple):
    """One call's sources.

    Attributes:
        source_ids: `(batch, source_length)` int32.
        max_lengths: `(batch,)` int32, each output's limit.
    """

    source_ids: np.ndarray
    max_lengths: np.ndarray


@dataclasses.dataclass(frozen=True)
class Task:
    """A network, and sources to search outputs for.

    Attributes:
        reference: the network's sizes.
        network: the network.
        sources: the token ids of the sources.
        max_lengths: `(sources,)` int64, the limits of their outputs.
        lengths: what makes outputs end: `"forced"` (at limits that follow the corpus' target
            lengths, the end token banned until then) or `"trained"` (the network says so).
    """

    reference: Reference
    network: models.SequenceToSequence
    sources: data.TokenRows
    max_lengths: np.ndarray
    lengths: str

    def batches(self, batch_size: int, seed: int = 0) -> Iterator[SearchedBatch]:
        """Yields batches of sources of similar length in random order, the longest first, for ever.

        Args:
            batch_size: sources a batch.
            seed: of the order.
        """
        order = np.argsort(self.sources.lengths, kind="stable")[::-1]
        batches = [order[start:][:batch_size] for start in range(0, len(order), batch_size)]
        full = [rows for rows in batches if len(rows) == batch_size] or batches
        yield self._batch(full[0])
        generator = np.random.default_rng(seed)
        while True:
            for index in generator.permutation(len(full)):
                yield self._batch(full[index])

    def _batch(self, rows: np.ndarray) -> SearchedBatch:
        width = int(self.sources.lengths[rows].max())
        limits = self.max_lengths[rows].astype(np.int32)
        return SearchedBatch(self.sources.padded(rows, width), limits)


def forced_task(reference: Reference, dtype: str) -> Task:
    """Returns a network of random weights that never ends an output before its limit.

    Args:
        reference: the network and the lengths of its texts.
        dtype: a dtype policy.
    """
    network = reference.build(dtype)
    bias = network.get_layer("logits").bias
    bias.assign(np.where(np.arange(bias.shape[0]) == END_ID, NEVER, bias.numpy()))
    source_lengths, target_lengths = reference.lengths.draw(SENTENCES)
    sources = random_rows(source_lengths, reference.source_vocabulary_size, seed=0)
    return Task(reference, network, sources, target_lengths, "forced")


def trained_task(
    reference: Reference, dtype: str, source: str | None, target: str | None, steps: int
) -> Task:
    """Returns a network that was trained on two files, and sources of them.

    Args:
        reference: the network.
        dtype: a dtype policy.
        source: a file of source sentences.
        target: the file of their translations.
        steps: how many updates, of 128 sentences each.
    """
    reference, batches = corpora.training_batches(source, target, reference, batch_size=128)
    with network_session():  # a search is to be measured without what a training leaves behind
        weights = _trained_weights(reference, dtype, batches, steps)
    network = reference.build(dtype)
    network.set_weights(weights)
    every = max(1, len(batches.encoded.sources) // SENTENCES)
    rows = np.arange(0, len(batches.encoded.sources), every)[:SENTENCES]
    sources = batches.encoded.sources.take(rows)
    return Task(reference, network, sources, 2 * sources.lengths + 10, "trained")


def _trained_weights(
    reference: Reference, dtype: str, batches: data.TokenBatches, steps: int
) -> list[np.ndarray]:
    keras.utils.set_random_seed(0)
    network = reference.build(dtype)
    optimizer = training.FusedAdam(1e-3, global_clipnorm=5.0)
    network.compile(optimizer, training.TokenCrossentropy(), jit_compile=False)
    dataset = data.as_dataset(batches, steps_per_epoch=steps)
    network.fit(dataset, epochs=1, verbose=0, shuffle=False)
    return network.get_weights()
