"""`kerasseq benchmark`: how fast training and search are on this machine."""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from kerasseq import checks
from kerasseq.commands.loading import load_tensorflow
from kerasseq.commands.process import CommandParser, UsageError, run
from kerasseq.experiments.training_config import PARALLELISM

if TYPE_CHECKING:
    from kerasseq import Translator

REQUESTS = 10_000
DESCRIPTION = """Trains or searches with the reference networks for a bounded time, and prints what
it took beside the time of the matrix products alone, a row a case; or loads an exported model and
prints how fast it answers."""


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
    _check(options)
    load_tensorflow()
    for row in _rows(options):
        print(json.dumps(row) if options.json else _readable(row), flush=True)


def _parser() -> CommandParser:
    parser = CommandParser("benchmark", DESCRIPTION)
    parser.add_argument("work", choices=("training", "search", "serving"), help="what to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="timed seconds a case (30 and 10)"
    )
    parser.add_argument(
        "--dtype", choices=("float32", "mixed_bfloat16"), help="one precision (all that pay here)"
    )
    parser.add_argument("--source", metavar="FILE", help="source sentences (generated ids)")
    parser.add_argument("--target", metavar="FILE", help="their translations")
    parser.add_argument(
        "--vocabulary_size", type=int, metavar="N", help="tokens of either side (8,000)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="TensorFlow's threads")
    parser.add_argument(
        "--parallelism",
        choices=[each for each in PARALLELISM if each != "auto"],
        help="what they share: each operation, the operations (and, of a search, the batches), or "
        "both (both, and inter_op for a search)",
    )
    parser.add_argument(
        "--path", metavar="DIR", help="serving: an exported version (a small random network)"
    )
    parser.add_argument(
        "--requests", type=int, metavar="N", help="serving: requests in a row (10,000)"
    )
    return parser


def _check(options: argparse.Namespace) -> None:
    """Refuses flags that have no meaning for the work."""
    of_serving = ("path", "requests")
    others = ("seconds", "dtype", "source", "target", "vocabulary_size", "threads", "parallelism")
    for name in others if options.work == "serving" else of_serving:
        if getattr(options, name) is not None:
            raise UsageError(f"benchmark {options.work} takes no --{name}")
    for name in ("vocabulary_size", "threads", "requests"):
        if getattr(options, name) is not None:
            checks.check_positive_integer(f"--{name}", getattr(options, name))


def _rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    if options.work == "serving":
        yield from _serving_rows(options.path, options.requests or REQUESTS)
        return
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
    if options.parallelism is not None:
        given["parallelism"] = options.parallelism
    if options.seconds is not None:
        given["seconds"] = options.seconds
    if options.dtype is not None:
        given["dtypes"] = [options.dtype]
    if options.vocabulary_size is not None:
        given["vocabulary_size"] = options.vocabulary_size
    yield from measures[options.work](**given)


def _readable(row: dict[str, Any]) -> str:
    lines = [f"  {name:30} {value}" for name, value in row.items() if name != "case"]
    return "\n".join([row["case"], *lines])


def _serving_rows(path: str | None, requests: int) -> Iterator[dict[str, Any]]:
    """Measures an exported version; without one that of a small network with random weights."""
    from kerasseq import serving

    if path is not None:
        yield from serving.measure_export(path, requests=requests)
        return
    with tempfile.TemporaryDirectory() as folder:
        exported = _random_translator().export(os.path.join(folder, "model"))
        yield from serving.measure_export(exported, requests=requests)


def _random_translator() -> "Translator":
    from kerasseq import Translator, data, models, text

    train, _, _ = data.load_sample("tatoeba_eng_swe")
    source_codec = text.TextCodec.train(train[:5000].sources, vocabulary_size=2000)
    target_codec = text.TextCodec.train(train[:5000].targets, vocabulary_size=2000)
    network = models.build(
        "bidirectional_luong",
        source_codec.vocabulary_size,
        target_codec.vocabulary_size,
        embedding_units=128,
        encoder_units=128,
        decoder_units=256,
    )
    return Translator(source_codec, target_codec, network, search="beam")
