"""Which source tokens each target token looked at."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np

from kerasseq import checks
from kerasseq.visualization.figure import Figure, new_figure
from kerasseq.visualization.fonts import choose_families
from kerasseq.visualization.labels import visible, visible_title

# Inches. A cell shrinks when a side of the picture would pass LONGEST.
CELL, LONGEST, MARGIN, GAP = 0.36, 30.0, 0.12, 0.3
BAR_WIDTH, BAR_MINIMUM, BAR_MAXIMUM = 0.14, 1.3, 2.5
POINTS = 10.0  # of the letters, in cells of full size
LETTERS = 0.58  # of a cell: slanted lines stand 0.7 cells apart, and a line is 1.2 letters high
TITLE_COLUMNS = 70  # characters, then a title is broken
ROUNDING = 0.01  # weights in half precision may pass 1 by this much


class AttentionMap(NamedTuple):
    """The attention of one hypothesis.

    Args:
        attention_weights: `(target_length, source_length)`, from 0 to 1.
        source_tokens: list of strings, a column each.
        target_tokens: list of strings, a row each.
        title: text above the map.
    """

    attention_weights: Any
    source_tokens: Sequence[str]
    target_tokens: Sequence[str]
    title: str | None = None


def plot_attention(
    attention_weights: Any,
    source_tokens: Sequence[str],
    target_tokens: Sequence[str],
    title: str | None = None,
    font: str | None = None,
) -> Figure:
    """Draws where each target token looked: a row a target token, a column a source token.

    A readable alignment is the first sign that a network learns; a column that takes all weight,
    or rows that are all alike, is the first sign of trouble.

    Args:
        attention_weights: array `(target_length, source_length)`, from 0 to 1.
        source_tokens: list of strings. White space is drawn as a mark, "▁" as it is.
        target_tokens: list of strings.
        title: text above the map.
        font: family or file of the font to try first. `None`, the default, takes what is
            installed and has all characters.

    Returns:
        A `matplotlib.figure.Figure` whose size grows with the tokens; `save_figure` writes it.

    Raises:
        ValueError: if weights and tokens do not fit, or no font has a character of theirs.

    Example:

    >>> figure = plot_attention([[0.9, 0.1], [0.2, 0.8]], ["▁good", "▁day"], ["▁god", "▁dag"])
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['▁good', '▁day']
    """
    each = AttentionMap(attention_weights, source_tokens, target_tokens, title)
    return plot_attentions([each], font=font)


def plot_attentions(maps: Sequence[AttentionMap], font: str | None = None) -> Figure:
    """Draws several hypotheses side by side, such as a beam's best ones, on one scale.

    Args:
        maps: list of `AttentionMap`, or of tuples `(attention_weights, source_tokens,
            target_tokens)` with or without a title.
        font: as for `plot_attention`.

    Returns:
        A `matplotlib.figure.Figure` with one axes a map, then the colour bar's.

    Raises:
        TypeError: if `maps` is a single map.
        ValueError: if weights and tokens of a map do not fit, or no font has a character.
    """
    if isinstance(maps, AttentionMap) or not isinstance(maps, Sequence):
        raise TypeError(f"`maps` must be a list of `AttentionMap`. Received: {maps!r}.")
    if not maps:
        raise ValueError(f"`maps` must hold at least one map. Received: {maps!r}.")
    checked = [checked_map(AttentionMap(*each)) for each in maps]
    columns = sum(len(each.source_tokens) for each in checked)
    rows = max(len(each.target_tokens) for each in checked)
    cell = min(CELL, LONGEST / columns, LONGEST / rows)
    figure = new_figure()
    # Axes are laid out once their labels can be measured.
    axes = [figure.add_axes((0.0, 0.0, 1.0, 1.0), label=str(n)) for n in range(len(checked))]
    for each_axes, each in zip(axes, checked, strict=True):
        _draw(each_axes, each, cell, font)
    bar = figure.colorbar(axes[-1].images[0], cax=figure.add_axes((0.0, 0.0, 1.0, 1.0)))
    bar.set_ticks([0.0, 0.5, 1.0])
    bar.set_label("attention weight")
    _lay_out(figure, axes, bar.ax, cell)
    return figure


def checked_map(each: AttentionMap) -> AttentionMap:
    """Returns a map with its weights as float64.

    Args:
        each: a map.

    Raises:
        ValueError: if the weights do not fit the tokens.
    """
    checks.check_strings("source_tokens", each.source_tokens)
    checks.check_strings("target_tokens", each.target_tokens)
    if each.title is not None:
        checks.check_string("title", each.title)
    weights = np.asarray(each.attention_weights).astype("float64")
    shape = (len(each.target_tokens), len(each.source_tokens))
    if weights.shape != shape:
        raise ValueError(
            "`attention_weights` must be (target_length, source_length) = "
            f"{shape}, a row for each target token. Received: {weights.shape}."
        )
    if not (np.min(weights) >= -ROUNDING and np.max(weights) <= 1 + ROUNDING):
        raise ValueError(
            "`attention_weights` must be from 0 to 1. "
            f"Received: from {np.min(weights)} to {np.max(weights)}."
        )
    return each._replace(attention_weights=weights)


def _draw(axes: Any, each: AttentionMap, cell: float, font: str | None) -> None:
    axes.imshow(
        each.attention_weights, vmin=0, vmax=1, cmap="Blues", aspect="auto", interpolation="nearest"
    )
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=2)
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("source", color="0.4", fontsize=POINTS)
    axes.set_ylabel("target", color="0.4", fontsize=POINTS)
    _label(axes, each, cell, font)
    # Borders between the cells.
    rows, columns = each.attention_weights.shape
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.8", linewidth=min(0.6, 2 * cell))
    axes.tick_params(which="minor", length=0)


def _label(axes: Any, each: AttentionMap, cell: float, font: str | None) -> None:
    """Writes the tokens and the title, each in fonts that have its characters."""
    source = [visible(token) for token in each.source_tokens]
    target = [visible(token) for token in each.target_tokens]
    title = fill(visible_title(each.title or ""), TITLE_COLUMNS)
    slanted = {"rotation": 45, "ha": "left", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(source)), source, **(slanted if max(map(len, source)) > 2 else {}))
    axes.set_yticks(range(len(target)), target)
    axes.set_title(title, fontsize=POINTS + 1)
    tokens = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    for text in tokens:
        text.set_fontsize(min(POINTS, LETTERS * cell * 72))  # 72 points an inch
    families = choose_families([*source, *target, title.replace("\n", "")], font)
    for text, family in zip([*tokens, axes.title], families, strict=True):
        text.set_fontfamily(family)
        text.set_parse_math(False)  # "$" is a token, not the start of a formula


def _lay_out(figure: Figure, axes: Sequence[Any], bar: Any, cell: float) -> None:
    """Sizes the picture so that cells have their size and no label is cut or covered."""
    sizes = [(cell * len(each.get_xticks()), cell * len(each.get_yticks())) for each in axes]
    tallest = max(height for _, height in sizes)
    sizes.append((BAR_WIDTH, min(max(tallest, BAR_MINIMUM), BAR_MAXIMUM)))
    panels = [*axes, bar]
    figure.set_size_inches(LONGEST, LONGEST)  # until the labels are measured
    for each, size in zip(panels, sizes, strict=True):
        _place(figure, each, 0.0, 0.0, size)
    margins = [_measure(figure, each) for each in panels]
    above = max(each.above for each in margins) + MARGIN
    below = max(size[1] + each.below for size, each in zip(sizes, margins, strict=True)) + MARGIN
    lefts, right = [], MARGIN
    for size, each in zip(sizes, margins, strict=True):
        lefts.append(right + each.before)
        right += each.before + size[0] + each.after + GAP
    figure.set_size_inches(right - GAP + MARGIN, above + below)
    for each, left, size in zip(panels, lefts, sizes, strict=True):
        _place(figure, each, left, below - size[1], size)


def _place(
    figure: Figure, axes: Any, left: float, bottom: float, size: tuple[float, float]
) -> None:
    """Puts an axes at a place in inches."""
    width, height = figure.get_size_inches()
    axes.set_position((left / width, bottom / height, size[0] / width, size[1] / height))


class _Margins(NamedTuple):
    """Inches that labels and title take on the sides of an axes."""

    before: float
    after: float
    above: float
    below: float


def _measure(figure: Figure, axes: Any) -> _Margins:
    inside = axes.get_window_extent()
    around = axes.get_tightbbox(figure.canvas.get_renderer())
    dots = (
        *(inside.x0 - around.x0, around.x1 - inside.x1),
        *(around.y1 - inside.y1, inside.y0 - around.y0),
    )
    return _Margins(*(max(0.0, float(each)) / figure.dpi for each in dots))
