"""The tree of a beam search: what it followed, what it gave up, what it returned."""

import unicodedata
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from kerasseq import checks
from kerasseq.typing import BeamNode
from kerasseq.visualization.figure import Figure, new_figure
from kerasseq.visualization.fonts import choose_families
from kerasseq.visualization.labels import visible, visible_title

COLUMN, ROW, MARGIN = 1.15, 0.42, 0.55  # inches
LONGEST = 12  # characters of a label
TITLE_LETTER, WIDE_LETTER, TITLE_LINE = 0.1, 0.16, 0.2  # inches of the title's font
START = "start"
GIVEN_UP, FOLLOWED, BEST = "0.72", "C0", "C3"


def plot_beam_tree(
    nodes: Sequence[BeamNode], title: str | None = None, font: str | None = None
) -> Figure:
    """Draws a beam search as a tree that grows from left to right, a column a step.

    Each node is a token with the summed log probability of the beginning that it ends. The paths
    to the outputs that were returned are blue, that to the best one red; what was given up is
    grey. A box is a complete output.

    Args:
        nodes: what `kerasseq.translation.trace_beams` gave, parents before their children.
        title: text above.
        font: as for `plot_attention`.

    Returns:
        A `matplotlib.figure.Figure` with one axes, whose texts are the nodes in order.

    Raises:
        ValueError: if there is no node, a node stands before its parent, or no font has a
            character.

    Example:

    >>> nodes = [BeamNode(0, None, "a", -0.5, -0.5, False), BeamNode(0, None, "b", -1, -1, False),
    ...          BeamNode(1, 0, "</s>", -0.1, -0.6, True, 0)]
    >>> [text.get_text() for text in plot_beam_tree(nodes).axes[0].texts]
    ['start', 'a\\n-0.50', 'b\\n-1.00', '</s>\\n-0.60']
    """
    _check(nodes)
    if title is not None:
        checks.check_string("title", title)
    rows = tree_rows(nodes)
    first = [row for row, node in zip(rows, nodes, strict=True) if node.parent is None]
    heights = [sum(first) / len(first), *rows]
    figure = new_figure()
    columns = max(node.step for node in nodes) + 2
    tallest = max(rows) + 1
    width = COLUMN * columns + MARGIN
    heading = _lines(title or "", width)
    lines = heading.count("\n") + 1 if heading else 0
    figure.set_size_inches(width, ROW * tallest + MARGIN + TITLE_LINE * lines)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(tallest - 0.3, -0.7)
    colors = _colors(nodes)
    for place, node in enumerate(nodes):
        above = 0 if node.parent is None else node.parent + 1
        ends = (heights[above], heights[place + 1])
        strong = colors[place] != GIVEN_UP
        axes.plot(
            (node.step, node.step + 1), ends, color=colors[place], linewidth=1.8 if strong else 0.8
        )
    _write(axes, nodes, heights, colors, font)
    if heading:
        (family,) = choose_families([heading.replace("\n", "")], font)
        axes.set_title(heading, fontsize=11, fontfamily=family, parse_math=False)
    return figure


def _lines(title: str, width: float) -> str:
    """The title in lines of at most so many inches."""
    is_wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in title)
    return fill(visible_title(title), int(width / (WIDE_LETTER if is_wide else TITLE_LETTER)))


def tree_rows(nodes: Sequence[BeamNode]) -> list[float]:
    """Returns the row of each node: leaves one below another, a parent amid its children.

    Args:
        nodes: parents before their children.
    """
    children: dict[int | None, list[int]] = {}
    for place, node in enumerate(nodes):
        children.setdefault(node.parent, []).append(place)
    rows = [0.0] * len(nodes)
    leaves = 0
    # A child before its parent, the first child's leaves above the second's.
    stack = [(place, False) for place in reversed(children.get(None, []))]
    while stack:
        place, is_ready = stack.pop()
        below = children.get(place, [])
        if not below:
            rows[place] = float(leaves)
            leaves += 1
        elif is_ready:
            rows[place] = sum(rows[child] for child in below) / len(below)
        else:
            stack.append((place, True))
            stack.extend((child, False) for child in reversed(below))
    return rows


def _colors(nodes: Sequence[BeamNode]) -> list[str]:
    """Of each node, by the best output that goes through it."""
    colors = [GIVEN_UP] * len(nodes)
    ranked = [place for place, node in enumerate(nodes) if node.rank is not None]
    for end in sorted(ranked, key=lambda place: -(nodes[place].rank or 0)):
        place: int | None = end
        while place is not None:
            colors[place] = BEST if nodes[end].rank == 0 else FOLLOWED
            place = nodes[place].parent
    return colors


def _write(
    axes: Any,
    nodes: Sequence[BeamNode],
    heights: list[float],
    colors: list[str],
    font: str | None,
) -> None:
    tokens = [START, *(_short(visible(node.token)) for node in nodes)]
    scores = ["", *(f"\n{node.score:.2f}" for node in nodes)]
    steps = [0, *(node.step + 1 for node in nodes)]
    edges = ["0.4", *colors]
    ended = [False, *(node.ended for node in nodes)]
    for place, family in enumerate(choose_families(tokens, font)):
        style = "square,pad=0.25" if ended[place] else "round,pad=0.2"
        given_up = edges[place] == GIVEN_UP
        axes.text(
            steps[place],
            heights[place],
            tokens[place] + scores[place],
            ha="center",
            va="center",
            fontsize=7.5,
            fontfamily=family,
            linespacing=1.0,
            color="0.45" if given_up else "black",
            parse_math=False,
            bbox={
                "boxstyle": style,
                "facecolor": "#eef2f7" if ended[place] else "white",
                "edgecolor": edges[place],
                "linewidth": 0.8 if given_up else 1.4,
            },
        )


def _short(token: str) -> str:
    return token if len(token) <= LONGEST else f"{token[: LONGEST - 1]}…"


def _check(nodes: Sequence[BeamNode]) -> None:
    if not nodes:
        raise ValueError(f"`nodes` must hold at least one node. Received: {nodes!r}.")
    for place, node in enumerate(nodes):
        parent = node.parent
        if parent is not None and not 0 <= parent < place:
            raise ValueError(f"`nodes[{place}].parent` must stand before it. Received: {parent}.")
