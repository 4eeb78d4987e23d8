import sys
import threading

import numpy as np
import pytest

from kerasseq.benchmarking import measuring
from kerasseq.benchmarking.measuring import Span, Stopwatch

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_work_takes_wall_and_cpu_time() -> None:
    watch = Stopwatch()
    while watch.read().cpu < 0.02:
        sum(range(1000))
    span = watch.read()
    assert span.cpu >= 0.02
    assert span.wall >= 0.015  # the two clocks may differ a little


def test_spans_add_up() -> None:
    assert measuring.total([Span(1.0, 2.0), Span(0.5, 0.25)]) == Span(1.5, 2.25)
    assert measuring.total([]) == Span(0, 0)


@linux_only
def test_the_share_of_others_is_a_share() -> None:
    watch = Stopwatch()
    while watch.read().wall < 0.05:
        sum(range(1000))
    share = watch.others_share()
    assert share is not None
    assert 0 <= share <= 1


@linux_only
def test_the_peak_of_memory_starts_anew() -> None:
    measuring.reset_peak_memory()
    before = measuring.peak_memory()
    assert before is not None
    block = np.ones(40 * 2**20, np.uint8)
    with_block = measuring.peak_memory()
    assert with_block is not None
    assert with_block - before > 35
    del block
    measuring.reset_peak_memory()
    after = measuring.peak_memory()
    assert after is not None
    assert after < with_block - 30


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_items_are_worked_at_as_there_are_lanes(count: int) -> None:
    all_are_here = threading.Barrier(count, timeout=30)
    busy: set[str] = set()

    def work(lane: str, item: int) -> tuple[str, int]:
        assert lane not in busy
        busy.add(lane)
        all_are_here.wait()  # fewer would wait in vain
        busy.remove(lane)
        all_are_here.wait()
        return lane, 10 * item

    lanes = ["a", "b", "c"][:count]
    answers = measuring.in_lanes(work, lanes, range(2 * count))
    assert [answer for _, answer in answers] == [10 * item for item in range(2 * count)]
    assert {lane for lane, _ in answers} == set(lanes)
