"""`TokenBatches` -> `tf.data.Dataset`: batches made ahead, and which epoch an iteration is."""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasseq import checks
from kerasseq.data.batching import TokenBatches
from kerasseq.data.soft_labels import SoftLabels

# Batches made ahead while a step runs.
PREFETCH = 2

IDS, WEIGHTS = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None), tf.float32)


def as_dataset(
    batches: TokenBatches,
    epoch: int = 0,
    steps_per_epoch: int | None = None,
    soft_labels: SoftLabels | None = None,
) -> tf.data.Dataset:
    """Returns a dataset whose iterations are the epochs of `batches`, from `epoch` on.

    The epoch goes up when the last batch of an iteration has been taken. So a look at the first
    batches, as Keras takes one to build a model, leaves the order of training alone. Devices that
    share batches take some ahead, and of a short epoch all of them: in `fit` of a
    `SequenceToSequence` a callback therefore says which epoch begins, which any other model can be
    given as well: `callbacks=[FollowEpochs(dataset)]`.

    Args:
        batches: what to read.
        epoch: the number of the first iteration.
        steps_per_epoch: the batches of an iteration; `None` means those of an epoch of `batches`.
        soft_labels: what to learn beside the labels, which become `(labels, soft_labels)`.

    Raises:
        ValueError: if `soft_labels` belong to other batches.
    """
    checks.check_integer("epoch", epoch, minimum=0)
    if steps_per_epoch is not None:
        checks.check_positive_integer("steps_per_epoch", steps_per_epoch)
    if soft_labels is not None and soft_labels.batches is not batches:
        raise ValueError("`soft_labels` must be those of `batches`. Received: those of others.")
    epochs = _Epochs(batches, epoch, steps_per_epoch or len(batches), soft_labels)
    # Not `from_generator`: it makes the C library give memory back after every free, for good,
    # and a training step of the reference network then takes 823 ms of CPU time instead of 697.
    dataset = tf.data.Dataset.from_tensors(0).flat_map(epochs.steps_of_iteration)
    dataset = dataset.prefetch(PREFETCH).map(epochs.take)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(epochs.steps))
    dataset = dataset.with_options(_options())
    dataset.epochs = epochs
    dataset.follow_epochs = functools.partial(FollowEpochs, dataset)
    return dataset


class FollowEpochs(keras.callbacks.Callback):
    """Tells a dataset of `as_dataset` which epoch begins.

    Args:
        dataset: what `fit` is given.
        initial_epoch: that of `fit`.
    """

    def __init__(self, dataset: Any, initial_epoch: int = 0) -> None:
        super().__init__()
        self.epochs = dataset.epochs
        # Now: before `fit` takes a first look at the batches.
        self.before = self.epochs.epoch - initial_epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epochs.epoch = self.before + epoch


class _Epochs:
    """The epoch of the next iteration, and the batches of it.

    Prefetching makes batches before they are taken, and Keras stops asking after the last one: so
    neither the generator nor the end of the iteration can tell that an epoch is over. `take` can:
    it runs when a batch is handed out.
    """

    def __init__(
        self, batches: TokenBatches, epoch: int, steps: int, soft_labels: SoftLabels | None
    ) -> None:
        self.batches = batches
        self.soft_labels = soft_labels
        self.epoch = epoch
        self.steps = steps
        beside = (IDS, tf.TensorSpec((None, None, None), tf.float32))
        self.element = ((IDS, IDS), IDS if soft_labels is None else beside, WEIGHTS)

    def steps_of_iteration(self, _: tf.Tensor) -> tf.data.Dataset:
        """Returns the epoch, whether the batch is its last, and the batch, for each step."""
        epoch = tf.numpy_function(lambda: np.int64(self.epoch), [], tf.int64, stateful=True)
        epoch.set_shape(())
        steps = tf.data.Dataset.range(self.steps)
        return steps.map(lambda index: (epoch, index == self.steps - 1, self._read(epoch, index)))

    def _read(self, epoch: tf.Tensor, index: tf.Tensor) -> Any:
        specs = tf.nest.flatten(self.element)
        dtypes = [spec.dtype for spec in specs]
        arrays = tf.numpy_function(self._make, [epoch, index], dtypes)
        for array, spec in zip(arrays, specs, strict=True):
            array.set_shape(spec.shape)
        return tf.nest.pack_sequence_as(self.element, arrays)

    def _make(self, epoch: np.ndarray, index: np.ndarray) -> list[np.ndarray]:
        place = divmod(int(epoch) * self.steps + int(index), len(self.batches))
        inputs, labels, sample_weight = self.batches.batch(*place)
        beside = [self.soft_labels.batch(*place)] if self.soft_labels else []
        return [*inputs, labels, *beside, sample_weight]

    def take(self, epoch: tf.Tensor, is_last: tf.Tensor, batch: Any) -> Any:
        """Passes a batch on, in graph; after the last one comes the next epoch."""

        def finish() -> tf.Tensor:
            return tf.numpy_function(self._finish, [epoch], tf.int64)

        with tf.control_dependencies([tf.cond(is_last, finish, lambda: epoch)]):
            return tf.nest.map_structure(tf.identity, batch)

    def _finish(self, epoch: np.ndarray) -> np.int64:
        self.epoch = max(self.epoch, int(epoch) + 1)
        return np.int64(self.epoch)


def _options() -> tf.data.Options:
    options = tf.data.Options()
    # Nothing here is to be tuned, and the thread that would tune sleeps longer and longer, up to
    # a minute. The end of an iteration waits for it, and does not always wake it: on a busy
    # machine at least 4 of 9 short trainings waited 3 to 9 seconds.
    options.autotune.enabled = False
    # A buffer behind `take` would end epochs early.
    options.experimental_optimization.inject_prefetch = False
    # Several devices split batches; there are no files to split.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
