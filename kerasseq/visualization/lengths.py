"""Length against score and against BLEU: where a network loses its way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasseq import checks
from kerasseq.visualization.figure import Figure, new_figure
from kerasseq.visualization.fonts import choose_families

PANEL = (4.6, 3.2)  # inches

Measure = Callable[[Sequence[int]], float]
"""From the places of some sentences to one number of them together, such as their BLEU."""


def plot_lengths(
    lengths: Sequence[int],
    scores: Sequence[float],
    measures: Mapping[str, Measure] | None = None,
    num_groups: int = 6,
) -> Figure:
    """Draws how scores and other measures depend on the sentences' lengths.

    The classic picture of a context vector's limits: without attention, BLEU falls as sentences
    grow.

    Args:
        lengths: one a sentence, such as the tokens of its source.
        scores: one a sentence, such as its output's log probability; a point each, and their mean
            in each group.
        measures: for each name a function from the places of a group's sentences to a number,
            such as `lambda places: bleu([outputs[i] for i in places], [right[i] for i in
            places])`; one panel each, with a bar a group.
        num_groups: into how many groups of about equal size the sentences are cut, by length.

    Returns:
        A `matplotlib.figure.Figure`: the axes of the scores, then one for each measure.

    Raises:
        ValueError: if there is no sentence, or not one score for each.

    Example:

    >>> figure = plot_lengths([3, 4, 9, 8], [-1, -1.5, -4, -5], {"count": len}, num_groups=2)
    >>> [int(bar.get_height()) for bar in figure.axes[1].patches]
    [2, 2]
    """
    _check(lengths, scores, num_groups)
    groups = length_groups(lengths, num_groups)
    measures = dict(measures or {})
    figure = new_figure()
    figure.set_size_inches(PANEL[0] * (1 + len(measures)), PANEL[1])
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot(1, 1 + len(measures), 1)
    _draw_scores(axes, np.asarray(lengths), np.asarray(scores, dtype="float64"), groups)
    families = choose_families(list(measures))
    for place, (name, measure) in enumerate(measures.items()):
        axes = figure.add_subplot(1, 1 + len(measures), 2 + place)
        _draw_measure(axes, lengths, groups, [measure(group) for group in groups])
        axes.set_ylabel(name, fontfamily=families[place], parse_math=False)
    return figure


def length_groups(lengths: Sequence[int], num_groups: int) -> list[list[int]]:
    """Returns the places of the sentences, shortest first, in groups of about equal size.

    Equal lengths stay together, so there may be fewer groups.

    Args:
        lengths: one a sentence.
        num_groups: how many groups, at most.
    """
    order = sorted(range(len(lengths)), key=lambda place: lengths[place])
    groups: list[list[int]] = []
    for number, place in enumerate(order):
        is_due = len(groups) <= number * num_groups // len(order)
        is_new_length = number == 0 or lengths[place] != lengths[order[number - 1]]
        if is_due and is_new_length:
            groups.append([])
        groups[-1].append(place)
    return groups


def _draw_scores(
    axes: Any, lengths: np.ndarray, scores: np.ndarray, groups: list[list[int]]
) -> None:
    axes.scatter(lengths, scores, s=8, alpha=0.35, color="C0", linewidths=0, label="a sentence")
    middles = [float(lengths[group].mean()) for group in groups]
    means = [float(scores[group].mean()) for group in groups]
    axes.plot(middles, means, color="C1", marker="o", markersize=4, label="mean of a group")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("length")
    axes.set_ylabel("score")
    axes.legend(frameon=False, fontsize=8)


def _draw_measure(
    axes: Any, lengths: Sequence[int], groups: list[list[int]], values: list[float]
) -> None:
    axes.bar(range(len(groups)), values, color="C0")
    labels = [_span([lengths[place] for place in group]) for group in groups]
    axes.set_xticks(range(len(groups)), labels)
    axes.set_xlabel("length")
    if min(values) >= 0:
        axes.set_ylim(0, 1.15 * max(values) or 1.0)
    for place, (group, value) in enumerate(zip(groups, values, strict=True)):
        axes.annotate(f"n={len(group)}", (place, value), ha="center", va="bottom", fontsize=7)


def _span(lengths: Sequence[int]) -> str:
    shortest, longest = min(lengths), max(lengths)
    return str(shortest) if shortest == longest else f"{shortest}–{longest}"


def _check(lengths: Sequence[int], scores: Sequence[float], num_groups: int) -> None:
    checks.check_positive_integer("num_groups", num_groups)
    if not len(lengths) or len(lengths) != len(scores):
        raise ValueError(
            "`plot_lengths` needs at least one length and one score for each. "
            f"Received: {len(lengths)} lengths, {len(scores)} scores."
        )
