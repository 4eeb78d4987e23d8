"""`kerasseq benchmark`: how fast training and search are on this machine."""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kerasseq.commands.process import CommandParser, run

DESCRIPTION = """Trains or searches with the reference networks for a bounded time, and prints what
it took beside the time of the matrix products alone, a row a case."""


def benchmark(arguments: Sequence[str] | None = None) -> int:
    """Measures training or search with the reference networks.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("benchmark", _benchmark, arguments)


def _benchmark(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    for row in _rows(options):
        print(json.dumps(row) if options.json else _readable(row), flush=True)


def _parser() -> CommandParser:
    parser = CommandParser("benchmark", DESCRIPTION)
    parser.add_argument("work", choices=("training", "search"), help="what to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="timed seconds a case (30 and 10)"
    )
    parser.add_argument(
        "--dtype", choices=("float32", "mixed_bfloat16"), help="one precision (all that pay here)"
    )
    parser.add_argument("--source", metavar="FILE", help="source sentences (generated ids)")
    parser.add_argument("--target", metavar="FILE", help="their translations")
    parser.add_argument("--threads", type=int, metavar="N", help="TensorFlow's threads")
    return parser


def _rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from kerasseq import benchmarking

    measures: dict[str, Callable[..., Iterator[dict[str, Any]]]] = {
        "training": benchmarking.training_benchmark,
        "search": benchmarking.search_benchmark,
    }
    given: dict[str, Any] = {
        "source": options.source,
        "target": options.target,
        "threads": options.threads,
    }
    if options.seconds is not None:
        given["seconds"] = options.seconds
    if options.dtype is not None:
        given["dtypes"] = [options.dtype]
    yield from measures[options.work](**given)


def _readable(row: dict[str, Any]) -> str:
    lines = [f"  {name:30} {value}" for name, value in row.items() if name != "case"]
    return "\n".join([row["case"], *lines])
