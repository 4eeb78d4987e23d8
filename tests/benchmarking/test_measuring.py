import sys

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
