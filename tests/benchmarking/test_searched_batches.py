import itertools

import numpy as np
import tensorflow as tf

from kerasseq.benchmarking.reference import Reference
from kerasseq.benchmarking.searched_batches import forced_task
from kerasseq.search import GreedySearch


def test_batches_are_full_sorted_and_begin_with_the_longest(tiny: Reference) -> None:
    task = forced_task(tiny, "float32")
    batches = list(itertools.islice(task.batches(64), 20))
    assert {len(batch.source_ids) for batch in batches} == {64}
    widths = [batch.source_ids.shape[1] for batch in batches]
    assert widths[0] == task.sources.lengths.max() == max(widths)
    for batch in batches:
        lengths = (batch.source_ids != 0).sum(axis=1)
        assert np.all(np.diff(lengths) <= 0)


def test_forced_outputs_end_at_their_limits(tiny: Reference) -> None:
    task = forced_task(tiny, "float32")
    source_ids = tf.constant(task.sources.padded(np.arange(3), int(task.sources.lengths[:3].max())))
    limits = tf.constant([2, 5, 3])
    step, state, _ = task.network.start_search(source_ids, 5)
    result = GreedySearch()(step, state, limits, source_ids.shape[1])
    assert result.lengths[:, 0].numpy().tolist() == [2, 5, 3]
    assert not result.finished.numpy().any()
