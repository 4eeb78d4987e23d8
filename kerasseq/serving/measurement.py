"""How fast an exported model loads and answers, measured in processes of its own.

The first request can be timed only once in a process, so there are two of them.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasseq import checks
from kerasseq.serving import measured_process, verification
from kerasseq.serving.verification import check_files, read_card

BATCH_SIZES = (1, 8, 64)

ERROR = re.compile(r"^[\w.]*(?:Error|Exception)\b.*", flags=re.MULTILINE)


def measure_export(
    path: str | os.PathLike[str],
    texts: Sequence[str] | None = None,
    calls: int = 100,
    requests: int = 10_000,
) -> Iterator[dict[str, Any]]:
    """Measures an exported version and yields a row a case, ready for JSON.

    Args:
        path: the folder of one version.
        texts: what is asked, in turn; those of the warm-up if not given.
        calls: timed requests for each size of batch.
        requests: how many single texts the memory is watched over.

    Yields:
        `case` and its numbers, times in milliseconds: `size` on disk; `load`; the
        `first_request_without_warm_up`; the whole `warm_up` and the `first_request_after_warm_up`;
        `batch_1`, `batch_8` and `batch_64` with percentiles; `memory` before and after many
        requests, where the system tells it.

    Raises:
        ValueError: if an argument is out of range, or there is no exported version, or a damaged
            one.
        RuntimeError: if the version does not load.
    """
    checks.check_integer("calls", calls, minimum=2)
    checks.check_positive_integer("requests", requests)
    card = read_card(Path(path))
    check_files(Path(path), card["files"])
    if texts is None:
        texts = [text for record in card["warm_up"] for text in record["inputs"]["text"]]
    checks.check_strings("texts", texts)
    given = {
        "path": os.path.abspath(path),
        "verification": verification.__file__,
        "needs_text": any(
            each.needs_tensorflow_text for each in verification.read_operations(Path(path))
        ),
        "texts": list(texts),
        "batch_sizes": BATCH_SIZES,
        "calls": calls,
        "requests": requests,
    }
    sizes = {name: file["bytes"] for name, file in card["files"].items()}
    yield {"case": "size", "bytes": sum(sizes.values()), "files": sizes}
    yield from _rows({**given, "warm_up": False})
    yield from _rows({**given, "warm_up": True})


def _rows(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows that a process of its own prints."""
    # "-P": the folder of the program is no place to import from.
    completed = subprocess.run(
        [sys.executable, "-P", measured_process.__file__],
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if completed.returncode != 0:
        errors = ERROR.findall(completed.stderr) or [f"exit code {completed.returncode}"]
        raise RuntimeError(f"{given['path']!r} could not be measured: {errors[-1]}")
    yield from map(json.loads, completed.stdout.splitlines())
