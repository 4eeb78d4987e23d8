"""Several trainings in one process, each on a thread of its own.

A small network leaves one of two threads of TensorFlow idle at times, since its steps wait for one
another; those of another network have something to do meanwhile (docs/performance.md).
"""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import keras

logger = logging.getLogger(__name__)

# The threads that train now, of all calls.
_at_work: set[int] = set()


class Training(Protocol):
    """A training that is ready to begin."""

    def __call__(self, *, callbacks: list[keras.callbacks.Callback]) -> Any:
        """Trains with more callbacks."""


def run_at_once(prepare: Mapping[str, Callable[[], Training]], at_once: int) -> None:
    """Runs all trainings, some of them at the same time.

    When one fails, or this is interrupted, the others end behind their next batch, as a training
    does that is interrupted itself.

    Args:
        prepare: for each name, that of its thread in log lines, what makes a training ready. It is
            called on the caller's thread, and while none runs if some run at the same time:
            networks are drawn from generators that belong to the process.
        at_once: how many at the same time; one runs on the caller's thread.

    Raises:
        Exception: whatever the first that failed raised; a log line tells each that did.
    """
    if min(at_once, len(prepare)) < 2:
        for each in prepare.values():
            each()(callbacks=[])
        return
    ready = {name: each() for name, each in prepare.items()}
    over = threading.Event()
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(_run, *each, over) for each in ready.items()]
        try:
            _wait(futures)
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)


def own_share(cpu_seconds: float) -> float:
    """Returns how much of the CPU time of this process one training took: it counts all threads.

    Args:
        cpu_seconds: what the process took while the training ran.
    """
    return cpu_seconds / max(1, len(_at_work))


def _wait(futures: list[Future[None]]) -> None:
    for future in wait(futures, return_when=FIRST_EXCEPTION).done:
        future.result()


def _run(name: str, training: Training, over: threading.Event) -> None:
    threading.current_thread().name = name
    _at_work.add(threading.get_ident())
    try:
        training(callbacks=[_EndWhen(over)])
    except _EndedError:
        raise
    except Exception as error:  # which of them it was, the error does not say; and one is raised
        logger.error("failed: %s", error)
        raise
    finally:
        _at_work.discard(threading.get_ident())


class _EndedError(Exception):
    """A training was ended because of another; nobody is told."""


class _EndWhen(keras.callbacks.Callback):
    """Ends a training without its report, as an interrupt does, once something is over."""

    def __init__(self, over: threading.Event) -> None:
        super().__init__()
        self.over = over

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.over.is_set():
            raise _EndedError

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.on_train_batch_end(batch, logs)
