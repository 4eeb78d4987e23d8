"""`kerasseq evaluate`: a model and pairs -> BLEU, chrF and whatever else is asked for."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasseq import checks
from kerasseq.commands.choice_flags import choosing
from kerasseq.commands.loading import run_batches_side_by_side
from kerasseq.commands.model_flags import add_model_flags, load_model
from kerasseq.commands.output_counts import OutputCounts, longest_source
from kerasseq.commands.process import CommandParser, UsageError, run
from kerasseq.commands.search_flags import add_search_flags, with_search_flags
from kerasseq.commands.windows import answer_windows, are_many_batches, lengths_of_pair
from kerasseq.files import finite, written_beside

if TYPE_CHECKING:
    from kerasseq import Translator
    from kerasseq.data import Pairs
    from kerasseq.evaluation import EvaluationReport

DESCRIPTION = """Translates the sources of a file and compares the outputs with its targets. Prints
each metric in percent with the signature that makes it reproducible. On the test file of a run
these are the numbers of its report.json, given what its configuration says of the data
(--group_references, the columns, --empty) and the same --metrics."""


def evaluate(arguments: Sequence[str] | None = None) -> int:
    """Compares a model's translations with those of a file.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("evaluate", _evaluate, arguments)


def _parser() -> CommandParser:
    parser = CommandParser("evaluate", DESCRIPTION)
    add = parser.add_argument
    add_model_flags(parser)
    _add_data_flags(parser)
    add(
        "--metrics",
        nargs="+",
        default=["bleu", "chrf", "exact_match"],
        metavar="NAME",
        help="what is computed (bleu chrf exact_match); also sequence_error_rate, "
        "phoneme_error_rate, word_error_rate, character_error_rate",
    )
    add(
        "--perplexity",
        action="store_true",
        help="also how many tokens the network hesitates between when it is given the targets",
    )
    add(
        "--pair_scores",
        metavar="FILE",
        help="also write the log probability of each given target, in sum and by token: one JSON "
        "object a line with source, target, score, truncated, target_tokens, token_scores",
    )
    add("--json", action="store_true", help="print one JSON object")
    add("--batch_size", type=int, default=64, metavar="N", help="texts a batch (64)")
    add_search_flags(parser)
    return parser


def _add_data_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--data",
        required=True,
        metavar="FILE",
        help="pairs: source<TAB>target, or the sources if --target_data is given",
    )
    add("--target_data", metavar="FILE", help="the targets, line by line beside --data")
    add(
        "--source_column",
        type=column,
        default=0,
        metavar="C",
        help="name or number (from 0) of the sources' column in a TSV file (0)",
    )
    add(
        "--target_column",
        type=column,
        default=1,
        metavar="C",
        help="name or number of the targets' column (1)",
    )
    add(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line holds the columns' names; a named column implies it",
    )
    add(
        "--group_references",
        action="store_true",
        help="lines of one source are references of one another: an output may equal any of them",
    )
    add(
        "--empty",
        choices=("error", "drop"),
        default="error",
        help="what to do with a line that has an empty side (error)",
    )


def column(text: str) -> int | str:
    """Returns a column as the readers take it: a number from 0, or a name.

    Args:
        text: what stands on the command line.
    """
    return int(text) if text.isdecimal() else text


def _evaluate(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    checks.check_positive_integer("--batch_size", options.batch_size)
    if options.pair_scores is not None and os.path.isdir(options.pair_scores):
        raise UsageError(f"--pair_scores must name a file. Received: {options.pair_scores!r}.")
    from kerasseq import evaluation

    metrics = evaluation.get_metrics(options.metrics)
    pairs = _read_pairs(options)
    if are_many_batches(len(pairs), options.batch_size):
        run_batches_side_by_side()
    translator = with_search_flags(load_model(options), options)
    hypotheses: list[str] = []
    counts = OutputCounts()
    for window in answer_windows(
        choosing(translator, options), pairs.sources, options.batch_size, total=len(pairs)
    ):
        hypotheses += [translation.text for translation in window]
        counts.add(window)
    counts.warn(longest_source(translator.max_source_length, options.prefix is not None))
    report = evaluation.evaluate(hypotheses, pairs.references, metrics)
    extra = {}
    if options.perplexity:
        extra["perplexity"] = translator.perplexity(_each_reference(pairs), options.batch_size)
    _print(report, extra, options.json)
    if options.pair_scores is not None:  # last: a disk that is full costs no score
        _write_pair_scores(translator, pairs, options)


def _write_pair_scores(
    translator: "Translator", pairs: "Pairs", options: argparse.Namespace
) -> None:
    rows = _each_reference(pairs)
    windows = answer_windows(
        translator.score, rows, options.batch_size, total=len(rows), length=lengths_of_pair
    )
    with (
        written_beside(options.pair_scores) as temporary,
        open(temporary, "w", encoding="utf-8") as file,
    ):
        for window in windows:
            file.writelines(
                json.dumps(each.to_dict(), ensure_ascii=False) + "\n" for each in window
            )


def _each_reference(pairs: "Pairs") -> list[tuple[str, str]]:
    """The source with each of its references."""
    return [
        (source, target)
        for source, references in zip(pairs.sources, pairs.references, strict=True)
        for target in references
    ]


def _read_pairs(options: argparse.Namespace) -> "Pairs":
    from kerasseq import data

    if options.target_data is None:
        pairs = data.read_tsv(
            options.data,
            options.source_column,
            options.target_column,
            options.header,
            empty=options.empty,
        )
    elif options.source_column != 0 or options.target_column != 1 or options.header is not None:
        raise UsageError(
            "--target_data means two files of plain lines; "
            "--source_column, --target_column and --header are for one TSV file."
        )
    else:
        pairs = data.read_parallel(options.data, options.target_data, empty=options.empty)
    return pairs.group() if options.group_references else pairs


def _print(report: "EvaluationReport", extra: dict[str, float], as_json: bool) -> None:
    values = {**report.values, **extra}
    if as_json:
        said = {**values, "signature": report.signatures, "sentences": report.count}
        print(json.dumps(finite(said), ensure_ascii=False, allow_nan=False))
        return
    width = max(len(name) for name in (*values, "sentences"))
    for name, value in values.items():
        print(f"{name:{width}}  {value:6.2f}  {report.signatures.get(name, '')}".rstrip())
    print(f"{'sentences':{width}}  {report.count:6,}")
