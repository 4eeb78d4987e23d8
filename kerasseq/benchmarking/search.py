"""How fast the reference network translates: `search_benchmark`."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from kerasseq import checks, search
from kerasseq.benchmarking import measuring
from kerasseq.benchmarking.floor import Floor
from kerasseq.benchmarking.measuring import Span, Stopwatch
from kerasseq.benchmarking.products import Phase, Shape, search_phases
from kerasseq.benchmarking.reference import (
    CMUDICT,
    MULTI30K,
    Reference,
    paying_dtypes,
    product_dtype,
)
from kerasseq.benchmarking.search_graph import Call, SearchGraph
from kerasseq.benchmarking.searched_batches import SearchedBatch, Task, forced_task, trained_task
from kerasseq.experiments.network_session import network_session
from kerasseq.experiments.threads import set_threads
from kerasseq.translation.side_by_side import batches_at_once

BATCH_SIZES = (1, 32, 64)
WARM_CALLS = 3
ROUND_CALLS = 4  # search and floor take turns, so that both see the same moods of the machine
EPOCH = 227  # updates that see Multi30k once

REFERENCES = MappingProxyType({"": MULTI30K, "g2p/": CMUDICT})

SEARCHES: dict[str, Callable[[], search.Search]] = {
    "greedy": search.GreedySearch,
    # Without a penalty, as the peers do by default: a penalty of length makes a search longer.
    "beam5": lambda: search.BeamSearch(num_beams=5, length_penalty="none"),
}


def search_benchmark(
    seconds: float = 10.0,
    dtypes: Sequence[str] | None = None,
    source: str | None = None,
    target: str | None = None,
    threads: int | None = None,
    parallelism: str = "inter_op",
    batch_sizes: Sequence[int] = BATCH_SIZES,
    training_steps: int = EPOCH,
    references: Mapping[str, Reference] = REFERENCES,
    searches: Sequence[str] = tuple(SEARCHES),
    vocabulary_size: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Searches outputs with the reference networks and yields what it took, a row a case.

    Args:
        seconds: for how long each case is timed, calls and floor together, after a warm-up.
        dtypes: `"float32"`, `"mixed_bfloat16"` or both; `None` means both where the CPU has units
            for bfloat16.
        source: a file of source sentences, one a line. With files the network is trained before,
            so that outputs end where it says; without, lengths are forced.
        target: the file of their translations.
        threads: how many TensorFlow uses; `None` leaves it as it is.
        parallelism: what they share, see `threads.set_threads`. Where operations run side by
            side, so do batches of more than one sentence, as those of `Translator` do.
        batch_sizes: sources a call.
        training_steps: updates before the search, with files.
        references: the networks, by what stands before a case's name. Only the one without a
            name is trained on files.
        searches: `"greedy"`, `"beam5"` or both.
        vocabulary_size: token ids of either side of the network without a name; `None` means as
            many as its reference has.

    Yields:
        `case`; `output_tokens_per_second` and `output_tokens_per_cpu_second`, ends included;
        `sentences_per_second`; `latency_ms_p50` and `latency_ms_p95` of a call, beside others if
        several run at once, and `latency_cpu_ms`, its mean CPU time; `floor_ratio`, the time of the
        calls over the time of their matrix products, and `floor_ratio_cpu`, the same of CPU time;
        `peak_rss_mb`; `traces`; `lengths`, `"forced"` or `"trained"`; `steps`, the mean number of
        steps of a call; `others_cpu_share`, how much of the machine other processes took; `calls`,
        and how many of them ran `at_once`; `threads`, `parallelism`.

    Raises:
        ValueError: if an argument is out of range.
    """
    checks.check_number("seconds", seconds, minimum=0)
    if "" in references:
        references = {**references, "": references[""].with_vocabulary_size(vocabulary_size)}
    set_threads(threads, parallelism)
    for dtype in dtypes or paying_dtypes():
        for name, reference in references.items():
            with network_session():
                if name == "" and (source is not None or target is not None):
                    task = trained_task(reference, dtype, source, target, training_steps)
                else:
                    task = forced_task(reference, dtype)
                for row in _task_rows(task, dtype, searches, batch_sizes, seconds):
                    case = f"search/{name}{row.pop('case')}"
                    yield {"case": case, **row, "threads": threads, "parallelism": parallelism}
                del task


def _task_rows(
    task: Task, dtype: str, searches: Sequence[str], batch_sizes: Sequence[int], seconds: float
) -> Iterator[dict[str, Any]]:
    for kind in searches:
        lanes = [SearchGraph(task, SEARCHES[kind]()) for _ in range(batches_at_once())]
        for batch_size in batch_sizes:
            # Who waits for one sentence asks for nothing else meanwhile.
            used = lanes[:1] if batch_size == 1 else lanes
            row = _Case(used, dtype, batch_size, seconds).run()
            yield {"case": f"{kind}/{dtype}/batch{batch_size}", **row}


class _Case:
    """One search, called for a while with batches of one size."""

    def __init__(
        self, lanes: Sequence[SearchGraph], dtype: str, batch_size: int, seconds: float
    ) -> None:
        self.lanes = lanes
        self.batch_size = batch_size
        self.seconds = seconds
        self.floor = Floor(product_dtype(dtype))
        self.latencies: list[float] = []
        self.calls: list[Span] = []
        self.floors: list[Span] = []
        self.tokens = 0
        self.steps = 0

    def run(self) -> dict[str, Any]:
        """Warms up, measures, and returns the row."""
        measuring.reset_peak_memory()
        batches = self.lanes[0].task.batches(self.batch_size)
        for lane in self.lanes:
            for batch in itertools.islice(batches, WARM_CALLS):
                lane.call(batch)
        peak = measuring.peak_memory()  # of the longest batch, before the floor's own matrices
        whole = Stopwatch()
        while not self.calls or whole.read().wall < self.seconds:
            self._round(list(itertools.islice(batches, ROUND_CALLS * len(self.lanes))))
        return self._row(peak, whole.others_share())

    def _round(self, batches: list[SearchedBatch]) -> None:
        watch = Stopwatch()
        calls = measuring.in_lanes(SearchGraph.call, self.lanes, batches)
        self.calls.append(watch.read())
        self.latencies += [call.span.wall for call in calls]
        self.tokens += sum(int(call.lengths.sum()) for call in calls)
        self.steps += sum(call.steps for call in calls)
        products = [
            self.floor.prepare(self._phases(*each)) for each in zip(batches, calls, strict=True)
        ]
        watch = Stopwatch()
        measuring.in_lanes(lambda _, run: run(), self.lanes, products)
        self.floors.append(watch.read())

    def _phases(self, batch: SearchedBatch, call: Call) -> list[Phase]:
        """The products of a call; sources that have left it and states twice count no more."""
        beams, steps = self.lanes[0].beams, max(1, call.steps)
        live = max(1, round(call.rows / (steps * beams)))
        rows, width = batch.source_ids.shape
        shape = Shape(rows, width, call.steps)
        states = max(1, round(call.states / steps))
        return search_phases(self.lanes[0].task.reference, shape, live, beams, states)

    def _row(self, peak: float | None, others: float | None) -> dict[str, Any]:
        calls, floor = measuring.total(self.calls), measuring.total(self.floors)
        count = len(self.latencies)
        milliseconds = [1000 * wall for wall in self.latencies]
        traces = max(lane.run.experimental_get_tracing_count() for lane in self.lanes)
        return {
            "output_tokens_per_second": round(self.tokens / calls.wall, 1),
            "output_tokens_per_cpu_second": round(self.tokens / calls.cpu, 1),
            "sentences_per_second": round(self.batch_size * count / calls.wall, 2),
            "latency_ms_p50": round(float(np.percentile(milliseconds, 50)), 2),
            "latency_ms_p95": round(float(np.percentile(milliseconds, 95)), 2),
            "latency_cpu_ms": round(1000 * calls.cpu / count, 2),
            "floor_ratio": round(calls.wall / floor.wall, 3),
            "floor_ratio_cpu": round(calls.cpu / floor.cpu, 3),
            "peak_rss_mb": None if peak is None else round(peak, 1),
            "traces": traces,
            "lengths": self.lanes[0].task.lengths,
            "steps": round(self.steps / count, 2),
            "others_cpu_share": None if others is None else round(others, 3),
            "calls": count,
            "at_once": len(self.lanes),
        }
