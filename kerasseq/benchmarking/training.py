"""How fast the reference network trains: `training_benchmark`."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from kerasseq import checks, data, training
from kerasseq.benchmarking import corpora, measuring
from kerasseq.benchmarking.floor import Floor
from kerasseq.benchmarking.measuring import Span, Stopwatch
from kerasseq.benchmarking.products import Shape, training_phases
from kerasseq.benchmarking.reference import (
    MULTI30K,
    Reference,
    paying_dtypes,
    product_dtype,
)
from kerasseq.benchmarking.training_parts import measure_parts
from kerasseq.experiments.network_session import network_session
from kerasseq.experiments.threads import set_threads
from kerasseq.typing import Tensor

BATCH_SIZE = 128
WARM_STEPS = 5
ROUND_STEPS = 4  # training and floor take turns, so that both see the same moods of the machine


def training_benchmark(
    seconds: float = 30.0,
    dtypes: Sequence[str] | None = None,
    source: str | None = None,
    target: str | None = None,
    threads: int | None = None,
    parallelism: str = "both",
    reference: Reference = MULTI30K,
    batch_size: int = BATCH_SIZE,
    input_feeding: Sequence[bool] = (True, False),
    vocabulary_size: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Trains the reference network with `fit` and yields what it took, a row a case.

    Args:
        seconds: for how long each case is timed, steps and floor together, after a warm-up.
        dtypes: `"float32"`, `"mixed_bfloat16"` or both; `None` means both where the CPU has units
            for bfloat16.
        source: a file of source sentences, one a line; without files ids are generated.
        target: the file of their translations.
        threads: how many TensorFlow uses; `None` leaves it as it is.
        parallelism: what they share, see `threads.set_threads`.
        reference: the network and its data.
        batch_size: sentences a batch.
        input_feeding: with, without, or both.
        vocabulary_size: token ids of either side; `None` means as many as the reference has.

    Yields:
        `case`; `tokens_per_second` and `tokens_per_cpu_second`, of the target with its ends and
        without padding; `step_ms` and `step_cpu_ms`; `floor_ratio`, the time of a step over the
        time of its matrix products, and `floor_ratio_cpu`, the same of CPU time; `peak_rss_mb`;
        `traces`, how often Python traced the step; `parts`, shares of the step's CPU time;
        `others_cpu_share`, how much of the machine other processes took; `data`, `steps`,
        `threads`, `parallelism` and `parameters`.

    Raises:
        ValueError: if an argument is out of range.
    """
    checks.check_number("seconds", seconds, minimum=0)
    reference = reference.with_vocabulary_size(vocabulary_size)
    set_threads(threads, parallelism)
    with_files = source is not None or target is not None
    setting = {"data": "files" if with_files else "generated", "threads": threads}
    if with_files:
        reference, batches = corpora.training_batches(source, target, reference, batch_size)
    else:
        batches = reference.generate(batch_size)
    for dtype in dtypes or paying_dtypes():
        for feeds in input_feeding:
            with network_session():
                row = _Case(reference, dtype, feeds, batches, seconds).run()
            yield {**row, **setting, "parallelism": parallelism}


class _CountingLoss(training.TokenCrossentropy):
    """The loss, which also counts how often Python runs it: once a trace."""

    traces = 0

    def __call__(self, *arguments: Any, **options: Any) -> Tensor:
        self.traces += 1
        return super().__call__(*arguments, **options)


class _Case:
    """One network, trained for a while."""

    def __init__(
        self,
        reference: Reference,
        dtype: str,
        input_feeding: bool,
        batches: data.TokenBatches,
        seconds: float,
    ) -> None:
        self.reference = reference
        self.dtype = dtype
        self.input_feeding = input_feeding
        self.batches = batches
        self.seconds = seconds

    def run(self) -> dict[str, Any]:
        """Trains, measures, and returns the row."""
        measuring.reset_peak_memory()
        keras.utils.set_random_seed(0)
        network = self.reference.build(self.dtype, self.input_feeding)
        loss = _CountingLoss()
        network.compile(training.FusedAdam(1e-3, global_clipnorm=5.0), loss, jit_compile=False)
        network.optimizer.build(network.trainable_variables)  # else the step is traced twice
        clock = _Rounds(self, loss)
        dataset = data.as_dataset(self.batches)
        network.fit(dataset, epochs=1000, verbose=0, shuffle=False, callbacks=[clock])
        wiring = "input_feeding" if self.input_feeding else "no_input_feeding"
        return {
            "case": f"training/{self.dtype}/{wiring}",
            **clock.row(),
            "parts": measure_parts(network, self.batches, self.batches.at(clock.typical_step())),
            "parameters": network.count_params(),
        }

    def shape_at(self, step: int) -> tuple[Shape, int]:
        """Returns the shape of a step's batch, and how many target tokens are in it."""
        (source_ids, target_ids), _, weights = self.batches.at(step)
        batch, source_length = source_ids.shape
        shape = Shape(batch, source_length, target_ids.shape[1])
        return shape, int(np.count_nonzero(weights))

    def floor_phases(self, shape: Shape) -> Any:
        """Returns the products of a step."""
        return training_phases(self.reference, shape, self.input_feeding)


class _Rounds(keras.callbacks.Callback):
    """Times steps of a `fit`, and after every few of them the floor of the same batches."""

    def __init__(self, case: _Case, loss: _CountingLoss) -> None:
        super().__init__()
        self.case = case
        self.loss = loss
        self.floor = Floor(product_dtype(case.dtype), backward=True)
        self.step = -1
        self.peak: float | None = None
        self.steps: list[tuple[int, Span]] = []
        self.floors: list[Span] = []
        self.tokens = 0
        self.whole = Stopwatch()

    def on_train_begin(self, logs: Any = None) -> None:
        self.loss.traces = 0  # Keras has called it before, to build the model

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        if self.step == WARM_STEPS:
            self.whole = Stopwatch()
        self.watch = Stopwatch()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        span = self.watch.read()
        if self.step < WARM_STEPS:
            return
        self.steps.append((self.step, span))
        self.tokens += self.case.shape_at(self.step)[1]
        if len(self.steps) % ROUND_STEPS:
            return
        self.peak = self.peak or measuring.peak_memory()  # before the floor's own matrices
        for step, _ in self.steps[-ROUND_STEPS:]:
            phases = self.case.floor_phases(self.case.shape_at(step)[0])
            self.floors.append(self.floor.measure(phases))
        if self.whole.read().wall > self.case.seconds:
            self.model.stop_training = True

    def typical_step(self) -> int:
        """Returns the step that took the median time."""
        ordered = sorted(self.steps, key=lambda each: each[1].cpu)
        return ordered[len(ordered) // 2][0]

    def row(self) -> dict[str, Any]:
        """Returns what was measured."""
        steps = measuring.total([span for _, span in self.steps])
        floor = measuring.total(self.floors)
        others = self.whole.others_share()
        count = len(self.steps)
        return {
            "tokens_per_second": round(self.tokens / steps.wall, 1),
            "tokens_per_cpu_second": round(self.tokens / steps.cpu, 1),
            "step_ms": round(1000 * steps.wall / count, 2),
            "step_cpu_ms": round(1000 * steps.cpu / count, 2),
            "floor_ratio": round(steps.wall / floor.wall, 3),
            "floor_ratio_cpu": round(steps.cpu / floor.cpu, 3),
            "peak_rss_mb": None if self.peak is None else round(self.peak, 1),
            "others_cpu_share": None if others is None else round(others, 3),
            "traces": self.loss.traces,
            "steps": count,
        }
