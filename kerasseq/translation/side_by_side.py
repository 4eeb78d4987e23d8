"""Several batches at once, where TensorFlow runs operations side by side.

The steps of a search wait for one another, so that a second thread has little to do within one
batch. Two batches, each on a thread of its own, take less time than one after the other on both
threads, on the clock and of the CPU (docs/performance.md).
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import tensorflow as tf

Batch = TypeVar("Batch")
Answer = TypeVar("Answer")

# Each has beams x vocabulary numbers of its own in memory.
MOST_BATCHES = 8


def side_by_side(
    answer: Callable[[Batch], Answer], batches: Sequence[Batch], graph: Any
) -> list[Answer]:
    """Returns what `answer` gives for each batch, in their order.

    One after the other where TensorFlow has one thread for operations, as in a process of
    `kerasseq train` that shares each operation, or where functions run eagerly.

    Args:
        answer: calls `graph`.
        batches: its arguments.
        graph: the `tf.function` with an input signature that `answer` calls.
    """
    workers = min(batches_at_once(), len(batches))
    if workers < 2 or tf.config.functions_run_eagerly():
        return [answer(batch) for batch in batches]
    # Here, since what Keras is told to do (its dtype policy) belongs to a thread.
    graph.get_concrete_function()
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(answer, batch) for batch in batches]
        try:
            return [future.result() for future in futures]
        except BaseException:  # an interrupt too: what has not begun never does
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def batches_at_once() -> int:
    """Returns how many batches may run at once: TensorFlow's threads for operations, at most 8."""
    chosen = tf.config.threading.get_inter_op_parallelism_threads()
    named = int(os.environ.get("TF_NUM_INTEROP_THREADS") or 0)  # what TensorFlow reads then
    return min(chosen or named or os.cpu_count() or 1, MOST_BATCHES)
