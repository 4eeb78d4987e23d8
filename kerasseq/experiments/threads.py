"""How many threads TensorFlow has, and what they share: one choice a process."""

import logging
import os

logger = logging.getLogger(__name__)

# From where on the product with the vocabulary is worth sharing.
MANY_TOKENS = 4000


def set_threads(threads: int | None, parallelism: str = "intra_op", target_tokens: int = 0) -> None:
    """Limits TensorFlow's threads; only possible before it has run anything.

    `"intra_op"`: threads share an operation and operations follow one another, since threads that
    wait for operations take 8 % more CPU time of a training step and 15 % of a search.
    `"inter_op"`: each operation has one thread, and those that do not wait for one another run
    side by side: the two directions of an encoder, the gradients of the weights, the batches of a
    translator. No sum is cut into as many parts as there are threads, so the numbers are those of
    one thread, to the bit.
    `"both"`: operations run side by side and each has all threads, which trains large networks
    faster than `"intra_op"` (docs/performance.md).
    `"auto"`: `"inter_op"` on up to two threads for a target vocabulary below 4,000 tokens, `"both"`
    for larger ones and on more threads, which operations alone do not fill.

    Args:
        threads: how many; `None` leaves them as they are for `"intra_op"` (and for `"auto"` where
            `TF_NUM_INTRAOP_THREADS` is set), and else means one a core.
        parallelism: what they do.
        target_tokens: size of the target vocabulary, for `"auto"`.
    """
    asked = threads is not None or parallelism not in ("auto", "intra_op")
    if not asked and (parallelism == "intra_op" or "TF_NUM_INTRAOP_THREADS" in os.environ):
        return
    threads = threads or os.cpu_count() or 1
    is_auto = parallelism == "auto"
    if is_auto:
        parallelism = "inter_op" if threads <= 2 and target_tokens < MANY_TOKENS else "both"
    intra = 1 if parallelism == "inter_op" else threads
    inter = 1 if parallelism == "intra_op" else threads
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(intra)
        tf.config.threading.set_inter_op_parallelism_threads(inter)
    except RuntimeError:
        if asked and not (is_auto and count_threads() == threads):
            logger.warning(
                "TensorFlow already runs: `training.threads` and `training.parallelism` have no "
                "effect any more."
            )


def fix_threads(threads: int | None, parallelism: str, target_tokens: int) -> None:
    """Limits TensorFlow's threads as `set_threads` does, and lets it begin: they stay as they are.

    For several runs in one process: what comes of one must not depend on which was the first.

    Args:
        threads: see `set_threads`.
        parallelism: see `set_threads`.
        target_tokens: see `set_threads`.
    """
    set_threads(threads, parallelism, target_tokens)
    import tensorflow as tf

    tf.config.list_logical_devices()


def count_threads() -> int:
    """Returns how many threads TensorFlow has, whatever they share."""
    import tensorflow as tf

    threading = tf.config.threading
    # What TensorFlow itself reads where nothing is chosen.
    within, between = (
        chosen or int(os.environ.get(name) or 0) or os.cpu_count() or 1
        for chosen, name in (
            (threading.get_intra_op_parallelism_threads(), "TF_NUM_INTRAOP_THREADS"),
            (threading.get_inter_op_parallelism_threads(), "TF_NUM_INTEROP_THREADS"),
        )
    )
    return max(within, between)
