"""The attention of each step as bars: one small picture a target token."""

import math
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from kerasseq.visualization.attention_map import AttentionMap, checked_map
from kerasseq.visualization.figure import Figure, new_figure
from kerasseq.visualization.fonts import choose_families
from kerasseq.visualization.labels import visible, visible_title

COLUMNS, PAGE = 3, 16.5  # panels side by side, and inches that they fill at most
BAR, NARROWEST = 0.26, 2.4  # inches
TITLE_LETTER = 0.09  # inches
HEIGHT, LETTERS = 0.62, 0.085
MARGIN = 0.45


def plot_steps(
    attention_weights: Any,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    title: str | None = None,
    font: str | None = None,
) -> Figure:
    """Draws the attention of each step as bars over the source: one panel a target token.

    Heights compare better than colours: whether a step is sure of its place, or torn between two.

    Args:
        attention_weights: array `(target_length, source_length)`, from 0 to 1.
        source_tokens: list of strings, a bar each.
        target_tokens: list of strings, a panel each, row by row.
        title: text above.
        font: as for `plot_attention`.

    Returns:
        A `matplotlib.figure.Figure` with one axes a target token.

    Raises:
        ValueError: if weights and tokens do not fit, or no font has a character of theirs.

    Example:

    >>> figure = plot_steps([[0.9, 0.1], [0.2, 0.8]], ["▁good", "▁day"], ["▁god", "▁dag"])
    >>> [axes.get_title() for axes in figure.axes], float(figure.axes[1].patches[1].get_height())
    (['▁god', '▁dag'], 0.8)
    """
    each = checked_map(AttentionMap(attention_weights, source_tokens, target_tokens, title))
    source = [visible(token) for token in each.source_tokens]
    target = [visible(token) for token in each.target_tokens]
    heading = visible_title(each.title or "")
    families = choose_families([*source, *target, heading.replace("\n", "")], font)
    width = max(BAR * len(source), NARROWEST)
    columns = max(1, min(COLUMNS, len(target), int(PAGE / width)))
    rows = math.ceil(len(target) / columns)
    labels = LETTERS * max(map(len, source))
    heading = fill(heading, max(20, int(columns * width / TITLE_LETTER)))
    lines = heading.count("\n") + 1 if heading else 0
    figure = new_figure()
    figure.set_size_inches(
        columns * (width + MARGIN), rows * (HEIGHT + labels + MARGIN) + 0.1 + 0.3 * lines
    )
    figure.set_layout_engine("constrained")
    for step, weights in enumerate(each.attention_weights):
        axes = figure.add_subplot(rows, columns, step + 1)
        _draw(axes, weights, source, families[: len(source)])
        axes.set_title(
            target[step], fontsize=10, fontfamily=families[len(source) + step], parse_math=False
        )
    if heading:
        figure.suptitle(heading, fontsize=11, fontfamily=families[-1], parse_math=False)
    return figure


def _draw(axes: Any, weights: Any, source: list[str], families: list[list[str]]) -> None:
    axes.bar(range(len(source)), weights, color="C0", width=0.8)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "", "1"], fontsize=7)
    axes.set_xlim(-0.6, len(source) - 0.4)
    axes.set_xticks(range(len(source)), source, rotation=90, fontsize=8)
    for text, family in zip(axes.get_xticklabels(), families, strict=True):
        text.set_fontfamily(family)
        text.set_parse_math(False)
    axes.tick_params(length=2)
    axes.spines[["top", "right"]].set_visible(False)
