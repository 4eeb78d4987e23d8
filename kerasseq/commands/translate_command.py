"""`kerasseq translate`: texts, a file or standard input -> translations."""

import argparse
import itertools
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kerasseq import checks
from kerasseq.commands.choice_flags import choosing
from kerasseq.commands.input_lines import count_lines, iterate_lines
from kerasseq.commands.loading import run_batches_side_by_side
from kerasseq.commands.model_flags import add_model_flags, load_model
from kerasseq.commands.output_counts import OutputCounts, longest_source
from kerasseq.commands.process import CommandParser, UsageError, real_text, run, split_texts
from kerasseq.commands.search_flags import SEARCH_FLAGS, add_search_flags, with_search_flags
from kerasseq.commands.windows import answer_windows, are_many_batches, lengths_of_pair

if TYPE_CHECKING:
    from kerasseq import Translation
    from kerasseq.translation import TargetScore

logger = logging.getLogger(__name__)

DESCRIPTION = """Translates texts, a file or standard input, and prints one line a text in the same
order. With --n_best above 1 there is a line for each output: the text's number, the output's
score (summed natural log probability) and the output, separated by tabs; --minimum_bayes_risk
chooses one of them, which stands alone then. With --json there is one object a text: source,
text, score, finished, truncated, alternatives, source_tokens, target_tokens, token_scores,
attention_weights. With --targets nothing is translated: there is a line for each given output,
its score and the output, or with --json also its tokens' scores."""


def translate(arguments: Sequence[str] | None = None) -> int:
    """Translates texts, a file or standard input.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("translate", _translate, arguments)


def _parser() -> CommandParser:
    parser = CommandParser("translate", DESCRIPTION)
    add = parser.add_argument
    add_model_flags(parser)
    add("--input", metavar="FILE", help="a text a line, UTF-8, plain or compressed (gzip, xz)")
    add("--json", action="store_true", help="print everything, an object a line")
    add(
        "--targets",
        metavar="FILE",
        help="outputs that are given, line by line beside the texts: say how likely each is",
    )
    add("--batch_size", type=int, default=64, metavar="N", help="texts a batch (64)")
    add(
        "--window",
        type=int,
        metavar="N",
        help="texts that are read, sorted by length and then answered together: by default 32 "
        "batches, at a terminal 1, as another program needs that waits for each answer",
    )
    add_search_flags(parser)
    add("texts", nargs="*", metavar="TEXT", help="a text to translate")
    return parser


def _translate(arguments: Sequence[str]) -> None:
    # Texts may stand between the flags, and behind `--` whatever they begin with.
    arguments, texts = split_texts(arguments)
    options = _parser().parse_intermixed_args(arguments)
    options.texts += texts
    checks.check_positive_integer("--batch_size", options.batch_size)
    if options.window is not None:
        checks.check_positive_integer("--window", options.window)
    if options.texts and options.input is not None:
        raise UsageError("texts and --input exclude each other.")
    if options.targets is not None:
        _score(options)
        return
    total = len(options.texts) or count_lines(options.input)
    at_terminal = not options.texts and options.input is None and sys.stdin.isatty()
    together = 1 if at_terminal and options.window is None else options.window
    if are_many_batches(total, options.batch_size, together):
        run_batches_side_by_side()
    translator = with_search_flags(load_model(options), options)
    counts = OutputCounts()
    for window in answer_windows(
        choosing(translator, options),
        _texts(options),
        options.batch_size,
        window=together,
        total=total,
        show_progress=not sys.stdout.isatty(),  # there the outputs themselves are the progress
    ):
        _print(window, counts.texts, options)
        counts.add(window)
    counts.warn(longest_source(translator.max_source_length, options.prefix is not None))


def _texts(options: argparse.Namespace) -> Iterable[str]:
    if options.texts:
        return [real_text(text) for text in options.texts]
    return iterate_lines(options.input)


def _score(options: argparse.Namespace) -> None:
    for name in SEARCH_FLAGS:  # nothing is searched, and nothing chosen
        if getattr(options, name) is not None:
            raise UsageError(f"--targets and --{name} exclude each other.")
    total = count_lines(options.targets)
    if are_many_batches(total, options.batch_size, options.window):
        run_batches_side_by_side()
    translator = load_model(options)
    count, truncated = 0, 0
    for window in answer_windows(
        translator.score,
        _pairs(options),
        options.batch_size,
        options.window,
        total=total,
        show_progress=not sys.stdout.isatty(),
        length=lengths_of_pair,
    ):
        _print_scores(window, options.json)
        count += len(window)
        truncated += sum(each.truncated for each in window)
    if truncated:
        logger.warning("%d of %d pairs were longer than what is read, and cut.", truncated, count)


def _pairs(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    targets = iterate_lines(options.targets)
    for number, pair in enumerate(itertools.zip_longest(_texts(options), targets), start=1):
        source, target = pair
        if source is None or target is None:
            missing = "text" if source is None else "target"
            raise ValueError(f"--targets must have a line for each text: no {missing} {number}.")
        yield source, target


def _print_scores(window: Sequence["TargetScore"], as_json: bool) -> None:
    for each in window:
        if as_json:
            print(json.dumps(each.to_dict(), ensure_ascii=False))
        else:
            print(f"{each.score:.4f}", _cell(each.target), sep="\t")
    sys.stdout.flush()


def _print(window: Sequence["Translation"], before: int, options: argparse.Namespace) -> None:
    several = (options.n_best or 1) > 1 and options.minimum_bayes_risk is None
    for number, translation in enumerate(window, start=before + 1):
        if options.json:
            print(json.dumps(translation.to_dict(), ensure_ascii=False))
        elif several:
            for each in translation.alternatives:
                print(number, f"{each.score:.4f}", _cell(each.text), sep="\t")
        else:
            print(_line(translation.text))
    sys.stdout.flush()


def _line(text: str) -> str:
    """The text on one line, whatever a character or byte model has written."""
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def _cell(text: str) -> str:
    """The text as the last column of a line."""
    return _line(text).replace("\t", " ")
