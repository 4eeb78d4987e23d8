"""How a hyperparameter search went: the objective against time."""

import math
from collections.abc import Sequence
from typing import Any

from kerasseq import checks
from kerasseq.visualization.figure import Figure, new_figure

SIZE = (7.0, 4.0)  # inches
# From so many seconds on, the axis has the next unit.
UNITS = ((7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))


def plot_trials(
    seconds: Sequence[float],
    scores: Sequence[float | None],
    objective: str = "objective",
    direction: str = "max",
) -> Figure:
    """Draws what each trial of a search reached, and the best so far, against time.

    A line that has been flat for long says that more time buys little.

    Args:
        seconds: the time of the search at the end of each trial.
        scores: what each trial reached; `None` or NaN for a trial that failed, which is a cross at
            the bottom.
        objective: the name of the score.
        direction: `"max"` when more is better, `"min"` when less is.

    Returns:
        A `matplotlib.figure.Figure`; `save_figure` writes it.

    Raises:
        ValueError: if there is no trial, the lists differ in length or `direction` is neither.

    Example:

    >>> figure = plot_trials([60, 130, 200], [12.5, None, 20.0], "val_bleu")
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('minutes', 'val_bleu')
    """
    checks.check_one_of("direction", direction, ("max", "min"))
    if not len(seconds) or len(seconds) != len(scores):
        raise ValueError(
            "`seconds` and `scores` must hold one number a trial, and at least one. "
            f"Received: {len(seconds)} and {len(scores)}."
        )
    divisor, unit = next((size, name) for least, size, name in UNITS if max(seconds) >= least)
    times = [second / divisor for second in seconds]
    figure = new_figure()
    figure.set_size_inches(*SIZE)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    points = [(time, score) for time, score in zip(times, scores, strict=True) if _is_real(score)]
    failed = [time for time, score in zip(times, scores, strict=True) if not _is_real(score)]
    if points:
        axes.plot(*zip(*points, strict=True), "o", color="C0", markersize=4, label="trial")
        best = _best_so_far([score for _, score in points], direction)
        axes.step(
            [*(time for time, _ in points), times[-1]],
            [*best, best[-1]],
            where="post",
            color="C1",
            label=f"best: {best[-1]:.4g}",
        )
    if failed:
        bottom = axes.get_xaxis_transform()  # heights in shares of the axes
        axes.plot(failed, [0.02] * len(failed), "x", color="C3", transform=bottom, label="failed")
    axes.set_xlim(left=0.0)
    axes.set_xlabel(unit)
    axes.set_ylabel(objective, parse_math=False)
    axes.grid(color="0.9")
    axes.legend()
    return figure


def _is_real(score: float | None) -> bool:
    return score is not None and math.isfinite(score)


def _best_so_far(scores: Sequence[Any], direction: str) -> list[float]:
    choose = max if direction == "max" else min
    best: list[float] = []
    for score in scores:
        best.append(choose([*best[-1:], score]))
    return best
