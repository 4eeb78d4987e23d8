"""Time and memory as the system counts them: wall, CPU, what other processes took, the peak."""

import contextlib
import ctypes
import gc
import os
import queue
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

Lane = TypeVar("Lane")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Span(NamedTuple):
    """What a stretch of work took.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of CPU time, of all threads of this process.
    """

    wall: float
    cpu: float


class Stopwatch:
    """Measures from the moment it is made.

    CPU time stands beside wall time, since machines are shared: what others take slows the wall
    clock much and the CPU time little.

    Example:

    >>> watch = Stopwatch()
    >>> span = watch.read()
    >>> span.wall >= 0 and span.cpu >= 0
    True
    """

    def __init__(self) -> None:
        self._busy, self._all = _machine_seconds()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Span:
        """Returns what has passed."""
        return Span(time.perf_counter() - self._wall, time.process_time() - self._cpu)

    def others_share(self) -> float | None:
        """Returns the share of the machine's CPU time that other processes took, if known."""
        busy, whole = _machine_seconds()
        if whole <= self._all:
            return None
        taken = busy - self._busy - (time.process_time() - self._cpu)
        return min(1.0, max(0.0, taken / (whole - self._all)))


def total(spans: list[Span]) -> Span:
    """Returns the sum of spans."""
    return Span(sum(span.wall for span in spans), sum(span.cpu for span in spans))


def in_lanes(
    work: Callable[[Lane, Item], Result], lanes: Sequence[Lane], items: Sequence[Item]
) -> list[Result]:
    """Returns what `work` gives for each item, as many at once as there are lanes.

    Args:
        work: is called with a lane that nobody else uses meanwhile, and an item.
        lanes: what cannot be shared; one alone works without a thread of its own.
        items: in the order in which they begin.
    """
    if len(lanes) == 1:
        return [work(lanes[0], item) for item in items]
    free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def run(item: Item) -> Result:
        lane = free.get()
        try:
            return work(lane, item)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as pool:
        return list(pool.map(run, items))


def _machine_seconds() -> tuple[float, float]:
    """CPU seconds that the whole machine was busy, and all that there were; zeros if unknown."""
    try:
        first_line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return 0.0, 0.0
    user, nice, system, idle, waiting, *rest = map(int, first_line.split()[1:9])
    busy = user + nice + system + sum(rest)
    ticks = os.sysconf("SC_CLK_TCK")
    return busy / ticks, (busy + idle + waiting) / ticks


def reset_peak_memory() -> None:
    """Starts the peak of resident memory anew, where the system allows it."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        # What earlier cases have freed the C library still holds.
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_memory() -> float | None:
    """Returns the peak of resident memory in MB since the last reset, if the system tells it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, flags=re.MULTILINE)
    return int(found[1]) / 1024 if found else None
