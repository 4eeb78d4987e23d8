"""Which pairs share a batch, in which order, and the padded arrays of each batch.

A batch holds pairs of similar length, so that little of it is padding, and about as many tokens
as every other batch, so that every step takes about the same time and memory. All of it is a pure
function of (seed, epoch): a run that starts again in the middle sees what it would have seen.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from kerasseq import checks
from kerasseq.data.encoding import EncodedPairs
from kerasseq.data.token_rows import TokenRows

DEFAULT_BATCH_TOKENS = 2048

# How far a pair may stray from those of its shape, as a share of its length. With 0 the same
# sentences meet in every epoch; 0.25 leaves one in twelve of a sentence's mates, and 95 % of the
# positions are still tokens, not padding (98 % with 0, 91 % without any order among pairs of one
# width): measured on the shipped sample with 512 tokens a batch.
JITTER = 0.25

Batch: TypeAlias = tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]
"""`((source_ids, target_ids), labels, sample_weight)`."""

Resample: TypeAlias = Callable[[int, np.ndarray], TokenRows]
"""`resample(epoch, rows)`: the sources of these rows, tokenised anew, with their end ids."""


class TokenBatches:
    """The batches of every epoch, each one on demand.

    What the datasets read from; use it directly to look at batches, or to start anywhere.

    Each epoch has the same number of batches and every pair once. The batches' shapes follow from
    the lengths alone; which pairs of similar length share a batch, and the order of the batches,
    are drawn anew for each epoch.

    Args:
        encoded: the token ids.
        start_id: what a target begins with as the decoder's input.
        pad_id: what fills rows up on the right.
        batch_tokens: the most tokens of a batch: its rows times the wider of source and target,
            padding included. A longer pair is a batch of its own. `None` means 2,048, unless
            `batch_size` is given.
        batch_size: the most pairs of a batch, in place of `batch_tokens`.
        seed: with the epoch, what decides the order.
        shuffle: whether the order is drawn. `False` is for evaluation: longest pairs first, all
            epochs alike.
        weighting: what the mean of the loss is taken over. `"batch"`: Keras' default reduction
            gives the mean over the real tokens of each batch, as training wants it. `"corpus"`:
            the loss that `evaluate` reports, which weighs batches by their rows, is the mean over
            the real tokens of all pairs, whatever the batches.
        resample: tokenises sources anew for each epoch; `None` to leave them as they are. The
            batches are made up by the lengths in `encoded`, so that their number stays.
        num_replicas: how many devices share a batch, `num_replicas_in_sync` of a `tf.distribute`
            strategy. A batch is filled up with rows of padding so that each gets equally many:
            otherwise the mean over devices is not the mean over tokens.

    Example:

    >>> import numpy as np
    >>> from kerasseq.data import EncodedPairs, TokenRows
    >>> sources = TokenRows.from_lists([[7, 8, 3], [9, 3]])
    >>> targets = TokenRows.from_lists([[5, 3], [6, 6, 3]])
    >>> encoded = EncodedPairs(sources, targets, np.arange(2), dropped=0, cut=0)
    >>> batches = TokenBatches(encoded, start_id=2, shuffle=False)
    >>> (source_ids, target_ids), labels, sample_weight = batches.batch(epoch=0, index=0)
    >>> target_ids.tolist(), labels.tolist()
    ([[2, 6, 6], [2, 5, 0]], [[6, 6, 3], [5, 3, 0]])
    """

    def __init__(
        self,
        encoded: EncodedPairs,
        start_id: int,
        pad_id: int = 0,
        batch_tokens: int | None = None,
        batch_size: int | None = None,
        seed: int = 0,
        shuffle: bool = True,
        weighting: Literal["batch", "corpus"] = "batch",
        resample: Resample | None = None,
        num_replicas: int = 1,
    ) -> None:
        _check_batch_limits(batch_tokens, batch_size)
        checks.check_integer("seed", seed, minimum=0)
        checks.check_boolean("shuffle", shuffle)
        checks.check_one_of("weighting", weighting, ("batch", "corpus"))
        checks.check_positive_integer("num_replicas", num_replicas)
        self.encoded = encoded
        self.start_id = start_id
        self.pad_id = pad_id
        self.batch_tokens = batch_tokens
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.weighting = weighting
        self.resample = resample
        self.num_replicas = num_replicas
        source_lengths, target_lengths = encoded.sources.lengths, encoded.targets.lengths
        self.source_tokens = int(source_lengths.sum())
        self.target_tokens = int(target_lengths.sum())
        self._widths = padded_width(np.maximum(source_lengths, target_lengths))
        self._bounds = _bounds(np.sort(self._widths)[::-1], batch_tokens, batch_size)
        self._rows = sum(-(-rows // num_replicas) * num_replicas for rows in np.diff(self._bounds))
        self._latest_plan: tuple[int, list[np.ndarray]] = (-1, [])

    @property
    def dropped(self) -> int:
        """How many pairs were left out because they are long."""
        return self.encoded.dropped

    @property
    def cut(self) -> int:
        """How many pairs were shortened because they are long."""
        return self.encoded.cut

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        return len(self._bounds) - 1

    def plan(self, epoch: int) -> list[np.ndarray]:
        """Returns the rows of each batch of an epoch, in order.

        Row `i` is the pair `encoded.kept[i]`.
        """
        latest = self._latest_plan  # read once: other threads may ask for other epochs
        if latest[0] != epoch:
            latest = self._latest_plan = (epoch, self._draw_plan(epoch))
        return latest[1]

    def batch(self, epoch: int, index: int) -> Batch:
        """Returns batch `index` of an epoch.

        Returns:
            `((source_ids, target_ids), labels, sample_weight)`. `source_ids` is
            `(batch, source_length)` int32: tokens and end. The others are
            `(batch, target_length)`: `target_ids` int32 is start and tokens, `labels` int32 is
            tokens and end, `sample_weight` float32 is 0 on padding.
        """
        rows = self.plan(epoch)[index]
        targets = self.encoded.targets
        target_width = int(padded_width(targets.lengths[rows].max()))
        real = np.arange(target_width) < targets.lengths[rows][:, np.newaxis]
        labels = targets.padded(rows, target_width, self.pad_id)
        target_ids = np.full_like(labels, self.start_id)
        target_ids[:, 1:] = labels[:, :-1]
        target_ids[~real] = self.pad_id
        source_ids = self._source_ids(epoch, rows)
        real, labels, target_ids, source_ids = (
            self._fill(array) for array in (real, labels, target_ids, source_ids)
        )
        return (source_ids, target_ids), labels, self._weigh(real)

    def at(self, step: int) -> Batch:
        """Returns the batch of a step, counted over all epochs from 0."""
        epoch, index = divmod(step, len(self))
        return self.batch(epoch, index)

    def _draw_plan(self, epoch: int) -> list[np.ndarray]:
        lengths, target_lengths = self.encoded.sources.lengths, self.encoded.targets.lengths
        # Among pairs of one width those with a short source, then those with a short target.
        shapes = (lengths - target_lengths).astype(np.float64)
        generator = np.random.default_rng([self.seed, epoch])
        if self.shuffle:
            shapes += JITTER * self._widths * (generator.random(len(shapes)) - 0.5)
        # Every second width the other way round: a batch that spans two widths spans one shape.
        _, ranks = np.unique(self._widths, return_inverse=True)
        order = np.lexsort((np.where(ranks % 2, -shapes, shapes), -self._widths))
        batches = np.split(order, self._bounds[1:-1])
        if self.shuffle:
            return [batches[index] for index in generator.permutation(len(batches))]
        return batches

    def _source_ids(self, epoch: int, rows: np.ndarray) -> np.ndarray:
        sources = self.encoded.sources
        if self.resample is not None:
            sources, rows = self.resample(epoch, rows), np.arange(len(rows))
        return sources.padded(rows, int(padded_width(sources.lengths[rows].max())), self.pad_id)

    def _fill(self, array: np.ndarray) -> np.ndarray:
        """Adds rows of padding until every device gets equally many."""
        missing = -len(array) % self.num_replicas
        if not missing:
            return array
        value = False if array.dtype == bool else self.pad_id
        return np.pad(array, ((0, missing), (0, 0)), constant_values=value)

    def _weigh(self, real: np.ndarray) -> np.ndarray:
        """`(batch, target_length)` float32: the weights that make the mean a token mean."""
        weight = real.size / real.sum()
        if self.weighting == "corpus":
            # Keras reports sum(rows * mean of a batch) / sum(rows).
            weight = real.shape[1] * self._rows / self.target_tokens
        return real * np.float32(weight)


def padded_width(lengths: np.ndarray) -> np.ndarray:
    """Rounds lengths up to the widths that batches have: steps of 1 to 16, 2 to 32, 4 to 64 ...

    Few widths mean few shapes; less than an eighth of a row is padding because of them.
    """
    steps = 2 ** np.maximum(np.ceil(np.log2(lengths)).astype(np.int64) - 4, 0)
    return -(-lengths // steps) * steps


def _check_batch_limits(batch_tokens: int | None, batch_size: int | None) -> None:
    if batch_tokens is not None and batch_size is not None:
        raise ValueError(
            "Give `batch_tokens` or `batch_size`, not both. "
            f"Received: batch_tokens={batch_tokens}, batch_size={batch_size}."
        )
    for name, limit in (("batch_tokens", batch_tokens), ("batch_size", batch_size)):
        if limit is not None:
            checks.check_positive_integer(name, limit)


def _bounds(widths: np.ndarray, batch_tokens: int | None, batch_size: int | None) -> list[int]:
    """Where batches begin and end, in rows whose widths go down.

    Of all limits that need no more batches than the one given, the smallest: so the last batch is
    no remainder of a few short sentences, that would weigh as much in training as any other.
    """
    if batch_size is not None:
        widths, limit = np.ones(len(widths), np.int64), batch_size
    else:
        limit = batch_tokens or DEFAULT_BATCH_TOKENS
    count = len(_greedy_bounds(widths, limit))
    low, high = 1, limit
    while low < high:
        middle = (low + high) // 2
        if len(_greedy_bounds(widths, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    return _greedy_bounds(widths, low)


def _greedy_bounds(widths: np.ndarray, limit: int) -> list[int]:
    bounds = [0]
    while bounds[-1] < len(widths):  # the first row of a batch is its widest
        rows = max(1, limit // int(widths[bounds[-1]]))
        bounds.append(min(len(widths), bounds[-1] + rows))
    return bounds
