import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from kerasseq import Translator
from kerasseq.translation import side_by_side as module
from kerasseq.translation.side_by_side import batches_at_once, side_by_side

TEXTS = [f"{'a hat ' * (number % 5)}{number}" for number in range(23)]


class Graph:
    """Stands in for a `tf.function`."""

    def __init__(self) -> None:
        self.traced_by: list[threading.Thread] = []

    def get_concrete_function(self) -> None:
        self.traced_by.append(threading.current_thread())


def lanes(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "batches_at_once", lambda: count)


def test_batches_run_at_once_and_answers_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes(2, monkeypatch)
    both_are_here = threading.Barrier(2, timeout=30)

    def answer(batch: int) -> int:
        both_are_here.wait()  # one alone would wait in vain
        return 10 * batch

    graph = Graph()
    assert side_by_side(answer, [3, 1, 2, 0], graph) == [30, 10, 20, 0]
    assert graph.traced_by == [threading.current_thread()]


@pytest.mark.parametrize("reason", ["one thread", "one batch", "eager"])
def test_else_they_run_one_after_the_other_in_the_thread_of_the_caller(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes(1 if reason == "one thread" else 2, monkeypatch)
    monkeypatch.setattr(tf.config, "functions_run_eagerly", lambda: reason == "eager")
    graph = Graph()
    batches = [0] if reason == "one batch" else [0, 1, 2]
    threads = side_by_side(lambda batch: threading.current_thread(), batches, graph)
    assert threads == len(batches) * [threading.current_thread()]
    assert graph.traced_by == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_no_other_batch_begins(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes(2, monkeypatch)
    begun = []
    second_may_end = threading.Event()

    def answer(batch: int) -> None:
        begun.append(batch)
        if batch == 0:
            raise error("no such text")
        second_may_end.wait(0.2)

    with pytest.raises(error, match="no such text"):
        side_by_side(answer, list(range(100)), Graph())
    assert len(begun) < 50


@pytest.mark.parametrize(
    ("chosen", "named", "cores", "at_once"),
    [(2, "3", 4, 2), (0, "3", 4, 3), (0, None, 4, 4), (0, None, None, 1), (64, None, 4, 8)],
)
def test_as_many_batches_run_at_once_as_operations(
    chosen: int,
    named: str | None,
    cores: int | None,
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tf.config.threading, "get_inter_op_parallelism_threads", lambda: chosen)
    monkeypatch.delenv("TF_NUM_INTEROP_THREADS", raising=False)
    if named is not None:
        monkeypatch.setenv("TF_NUM_INTEROP_THREADS", named)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert batches_at_once() == at_once


@pytest.mark.parametrize("search", ["greedy", "beam", {"name": "sampling", "seed": 3}])
def test_a_translator_answers_the_same_side_by_side(
    search: Any, make_translator: Callable[..., Translator], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(count: int) -> list[Any]:
        lanes(count, monkeypatch)
        translator = make_translator(search=search)
        prefixes = ["hello" if number % 2 else "" for number in range(len(TEXTS))]
        pairs = list(zip(TEXTS, TEXTS[::-1], strict=True))
        found: list[Any] = [
            *translator(TEXTS, batch_size=2),
            *translator.complete(TEXTS, prefixes, batch_size=3),
            *translator.score(pairs, batch_size=2),
        ]
        return [each.to_dict() for each in found]

    assert answers(3) == answers(1)
