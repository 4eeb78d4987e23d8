"""`kerasseq plot`: a model and a text -> pictures of what the network does with it."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kerasseq.commands.choice_flags import CHOICES, choosing
from kerasseq.commands.loading import load_translator
from kerasseq.commands.model_flags import add_import_flag, import_modules
from kerasseq.commands.process import CommandParser, UsageError, real_text, run, split_texts
from kerasseq.commands.search_flags import SEARCH_FLAGS, add_search_flags, with_search_flags

if TYPE_CHECKING:
    from kerasseq import Translation, Translator

DESCRIPTION = """Translates a text and draws which of its tokens each token of the translation
looked at, as PNG, SVG or PDF by the ending of --output; with --n_best several translations side by
side. The flags below draw something else."""


def plot(arguments: Sequence[str] | None = None) -> int:
    """Draws what a network does with a text.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("plot", _plot, arguments)


def _parser() -> CommandParser:
    parser = CommandParser("plot", DESCRIPTION)
    add = parser.add_argument
    add("--model", metavar="FILE", help="the model.keras of a run")
    add_import_flag(parser)
    add(
        "--output",
        required=True,
        metavar="FILE",
        help="the picture: .png, .svg or .pdf; .gif or .html",
    )
    add("--font", metavar="FONT", help="family or file of the font to try first")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--heads", action="store_true", help="the map of each head, side by side")
    what.add_argument("--steps", action="store_true", help="bars over the source, step by step")
    what.add_argument("--tree", action="store_true", help="the tree of the beam search")
    what.add_argument(
        "--animate",
        action="store_true",
        help="encoder and decoder at work, token by token; --output is a .gif, or an .html that "
        "plays and steps by itself, without a network",
    )
    what.add_argument(
        "--lengths",
        metavar="TSV",
        help="how score and BLEU depend on the length of the source, over the pairs of a file; "
        "no TEXT",
    )
    what.add_argument(
        "--history", metavar="CSV", help="the curves of a run's history.csv; no TEXT, no --model"
    )
    add("--seconds", type=float, metavar="X", help="how long a frame of --animate stays (0.8)")
    add_search_flags(parser)
    add("text", metavar="TEXT", nargs="?", help="the text to translate")
    return parser


def _plot(arguments: Sequence[str]) -> None:
    arguments, texts = split_texts(arguments)
    options = _parser().parse_intermixed_args(arguments)
    texts += [] if options.text is None else [options.text]
    if len(texts) > 1:
        raise UsageError("one TEXT is drawn (see kerasseq plot --help)")
    options.text = texts[0] if texts else None
    _check(options)
    from kerasseq import visualization

    if options.history is not None:
        figure = visualization.plot_history(visualization.read_history(options.history))
        print(visualization.save_figure(figure, options.output))
        return
    import_modules(options.modules)
    translator = with_search_flags(load_translator(options.model), options)
    if options.animate:
        seconds = 0.8 if options.seconds is None else options.seconds
        trace = _trace(translator, options)
        print(visualization.save_animation(trace, options.output, seconds, options.font))
        return
    ways = {
        "heads": _draw_heads,
        "steps": _draw_steps,
        "tree": _draw_tree,
        "lengths": _draw_lengths,
    }
    chosen = [way for name, way in ways.items() if getattr(options, name) not in (None, False)]
    draw: Callable[[Translator, argparse.Namespace], Any] = chosen[0] if chosen else _draw_maps
    print(visualization.save_figure(draw(translator, options), options.output))


def _check(options: argparse.Namespace) -> None:
    """Refuses flags that have no meaning beside the others."""
    needed = {"--model": options.model, "TEXT": options.text}
    if options.lengths is not None:
        del needed["TEXT"]
    elif options.history is not None:
        needed = {}
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise UsageError(
            f"the following arguments are required: {', '.join(missing)} (see kerasseq plot --help)"
        )
    if options.text is not None and "TEXT" not in needed:
        raise UsageError("--lengths and --history take no TEXT (see kerasseq plot --help)")
    if options.history is not None:
        _check_history(options)
    if options.lengths is not None and options.font is not None:
        raise UsageError("--lengths writes no text of yours, and takes no --font")
    if options.seconds is not None and not options.animate:
        raise UsageError("--seconds belongs to --animate (see kerasseq plot --help)")
    watched = [name for name in ("heads", "tree", "animate") if getattr(options, name)]
    for name in CHOICES:
        if watched and getattr(options, name) is not None:
            raise UsageError(f"--{watched[0]} shows the search alone, without --{name}")
    _check_ending(options)


def _check_history(options: argparse.Namespace) -> None:
    for name in ("model", "modules", "font", *SEARCH_FLAGS):
        if getattr(options, name) not in (None, []):
            flag = {"modules": "import"}.get(name, name)
            raise UsageError(f"--history draws a run's file and takes no --{flag}")


def _check_ending(options: argparse.Namespace) -> None:
    suffixes = ("gif", "html") if options.animate else ("png", "svg", "pdf")
    if not options.output.lower().endswith(tuple(f".{suffix}" for suffix in suffixes)):
        raise UsageError(
            f"--output must end in {', '.join(f'.{suffix}' for suffix in suffixes)}"
            f"{' with --animate' if options.animate else ''}. Received: {options.output!r}."
        )


def _translate(translator: "Translator", options: argparse.Namespace) -> "Translation":
    (translation,) = choosing(translator, options)([real_text(options.text)], 1)
    if not translation.attention_weights.any():
        raise ValueError("The network has no attention to draw. --animate shows its states.")
    return translation


def _draw_maps(translator: "Translator", options: argparse.Namespace) -> Any:
    from kerasseq import visualization

    translation = _translate(translator, options)
    return visualization.plot_attentions(
        [
            visualization.AttentionMap(
                each.attention_weights, translation.source_tokens, each.target_tokens, each.text
            )
            for each in translation.alternatives
        ],
        font=options.font,
    )


def _draw_steps(translator: "Translator", options: argparse.Namespace) -> Any:
    from kerasseq import visualization

    translation = _translate(translator, options)
    return visualization.plot_steps(
        translation.attention_weights,
        translation.source_tokens,
        translation.target_tokens,
        title=translation.text,
        font=options.font,
    )


def _trace(translator: "Translator", options: argparse.Namespace) -> Any:
    from kerasseq import translation

    return translation.trace(translator, real_text(options.text))


def _draw_heads(translator: "Translator", options: argparse.Namespace) -> Any:
    from kerasseq import visualization
    from kerasseq.translation.tracing import weights_by_head

    trace = _trace(translator, options)
    heads = weights_by_head(translator, trace)
    if not len(heads):
        raise ValueError("The network has no attention to draw. --animate shows its states.")
    return visualization.plot_attentions(
        [
            visualization.AttentionMap(
                weights,
                trace.source_tokens,
                trace.target_tokens,
                f"head {number}" if len(heads) > 1 else trace.text,
            )
            for number, weights in enumerate(heads, start=1)
        ],
        font=options.font,
    )


def _draw_tree(translator: "Translator", options: argparse.Namespace) -> Any:
    from kerasseq import search, translation, visualization

    if not isinstance(translator.search, search.BeamSearch):
        found = type(translator.search).__name__
        raise UsageError(f"--tree draws a search with beams: add --search beam. It is {found}.")
    text = real_text(options.text)
    nodes = translation.trace_beams(translator, text)
    return visualization.plot_beam_tree(nodes, title=text, font=options.font)


def _draw_lengths(translator: "Translator", options: argparse.Namespace) -> Any:
    from kerasseq import data, evaluation, visualization

    pairs = data.read_tsv(options.lengths)
    translations = choosing(translator, options)(pairs.sources, 64)
    # Without 4-grams, as in a group of short outputs, BLEU would be 0 whatever they are.
    bleu = evaluation.get_metric({"name": "bleu", "effective_order": True})

    def bleu_of(places: Sequence[int]) -> float:
        outputs = [translations[place].text for place in places]
        return float(bleu(outputs, [pairs.references[place] for place in places]))

    lengths = [len(each.source_tokens) for each in translations]
    scores = [each.score for each in translations]
    return visualization.plot_lengths(lengths, scores, {"BLEU": bleu_of})
