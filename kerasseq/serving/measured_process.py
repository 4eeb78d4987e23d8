"""What `measure_export` runs in a process of its own: loads a version, asks it, writes rows.

Like `verification.py` it imports nothing of kerasseq, and no Keras: a server has neither. It reads
its task as JSON from standard input and writes one JSON object a line.
"""

import functools
import itertools
import json
import os
import runpy
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

STATE = Path("/proc/self/statm")
ROUNDS_BEFORE = 3  # calls of each size that are not timed


def main() -> None:
    """Does the task that stands on standard input."""
    task = json.loads(sys.stdin.read())
    check = runpy.run_path(task["verification"])
    import tensorflow as tf

    if task["needs_text"]:
        import tensorflow_text  # noqa: F401 (registers its ops)
    loaded, load = _timed(lambda: tf.saved_model.load(task["path"]))
    texts = itertools.cycle(task["texts"])

    def ask(size: int) -> dict[str, float]:
        batch = tf.constant(list(itertools.islice(texts, size)))
        return _timed(lambda: loaded.signatures["serving_default"](text=batch)["text"].numpy())[1]

    if not task["warm_up"]:
        _write("load", load)
        _write("first_request_without_warm_up", ask(1))
        return
    requests = check["read_warm_up"](Path(task["path"]))
    _write("warm_up", _timed(lambda: _run(loaded.signatures, requests))[1])
    _write("first_request_after_warm_up", ask(1))
    for size in task["batch_sizes"]:
        _write(f"batch_{size}", _percentiles(functools.partial(ask, size), task["calls"]))
    if STATE.exists():
        before = _resident()
        for _ in range(task["requests"]):
            ask(1)
        after = _resident()
        growth = {"before_mb": before, "after_mb": after, "growth": after / before - 1}
        _write("memory", {**growth, "requests": task["requests"]})


def _run(signatures: Any, requests: Sequence[Any]) -> None:
    import tensorflow as tf

    for request in requests:
        inputs = {name: tf.constant(texts) for name, texts in request.inputs.items()}
        signatures[request.signature](**inputs)


def _timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return result, {"wall_ms": 1e3 * wall, "cpu_ms": 1e3 * cpu}


def _percentiles(ask: Callable[[], dict[str, float]], calls: int) -> dict[str, float]:
    for _ in range(ROUNDS_BEFORE):
        ask()
    times = [ask() for _ in range(calls)]
    cuts = statistics.quantiles([each["wall_ms"] for each in times], n=100, method="inclusive")
    row = {f"wall_ms_p{share}": cuts[share - 1] for share in (50, 95, 99)}
    return {**row, "cpu_ms": statistics.fmean(each["cpu_ms"] for each in times), "calls": calls}


def _resident() -> float:
    pages = int(STATE.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _write(case: str, row: dict[str, float]) -> None:
    sys.stdout.write(json.dumps({"case": case, **row}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
