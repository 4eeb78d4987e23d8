"""`kerasseq plot`: a model and a text -> a picture of the attention."""

from collections.abc import Sequence

from kerasseq.commands.loading import load_translator
from kerasseq.commands.process import CommandParser, real_text, run
from kerasseq.commands.search_flags import add_search_flags, choosing, with_search_flags

DESCRIPTION = """Translates a text and draws which of its tokens each token of the translation
looked at, as PNG, SVG or PDF by the ending of --output."""


def plot(arguments: Sequence[str] | None = None) -> int:
    """Draws the attention of a translation.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("plot", _plot, arguments)


def _plot(arguments: Sequence[str]) -> None:
    parser = CommandParser("plot", DESCRIPTION)
    parser.add_argument("--model", required=True, metavar="FILE", help="the model.keras of a run")
    parser.add_argument(
        "--output", required=True, metavar="PNG", help="the picture: .png, .svg or .pdf"
    )
    parser.add_argument("--font", metavar="FONT", help="family or file of the font to try first")
    add_search_flags(parser)
    parser.add_argument("text", metavar="TEXT", help="the text to translate")
    options = parser.parse_intermixed_args(arguments)
    translator = with_search_flags(load_translator(options.model), options)
    (translation,) = choosing(translator, options)([real_text(options.text)], 1)
    from kerasseq import visualization

    figure = visualization.plot_attention(
        translation.attention_weights,
        translation.source_tokens,
        translation.target_tokens,
        title=translation.text,
        font=options.font,
    )
    print(visualization.save_figure(figure, options.output))
