"""How training went: a curve for each column of `history.csv`."""

import csv
import math
import numbers
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq import checks
from kerasseq.visualization.figure import Figure, new_figure
from kerasseq.visualization.fonts import choose_families

# Columns that count time instead of measuring something; the first that is there is the x axis.
CLOCKS = ("epoch", "step")
VALIDATION = "val_"
COLUMNS = 3
PANEL = (4.2, 3.0)  # inches


def read_history(path: str | os.PathLike[str]) -> dict[str, list[float]]:
    """Reads the columns of a `history.csv`; an empty cell is NaN.

    Raises:
        ValueError: if a cell is not a number, with file and line; or if it is no such table.
    """
    try:
        return _read_columns(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path}: must be a table of comma-separated values in UTF-8, such as the "
            f"`history.csv` of a run. Received: {error}."
        ) from None


def _read_columns(path: str | os.PathLike[str]) -> dict[str, list[float]]:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        history: dict[str, list[float]] = {name: [] for name in reader.fieldnames or []}
        for row in reader:
            for name, values in history.items():
                try:
                    values.append(float(row[name] or "nan"))
                except ValueError:
                    raise ValueError(
                        f"{path}:{reader.line_num}: column {name!r} must hold numbers. "
                        f"Received: {row[name]!r}."
                    ) from None
    return history


def plot_history(history: Mapping[str, Sequence[float | None]]) -> Figure:
    """Draws the curves of a training: one panel a measure, training and validation together.

    Validation loss that rises while training loss falls is overfitting; both flat is a learning
    rate that is too low, or too high.

    Args:
        history: values by column, one an epoch, as in `history.csv` or Keras' `History.history`.
            `val_loss` stands in the panel of `loss`; `epoch` or `step`, if there, is the x axis.
            `None`, NaN and infinite values are left out.

    Returns:
        A `matplotlib.figure.Figure` with one axes a measure; `save_figure` writes it.

    Raises:
        TypeError: if a value is not a number.
        ValueError: if there is no measure, no epoch, or the columns differ in length.

    Example:

    >>> figure = plot_history({"loss": [3.0, 2.0], "val_loss": [3.1, 2.4], "val_bleu": [5, 20]})
    >>> [axes.get_title() for axes in figure.axes]
    ['loss', 'bleu']
    """
    _check(history)
    measures = list(
        dict.fromkeys(name.removeprefix(VALIDATION) for name in history if name not in CLOCKS)
    )
    clock = next((name for name in CLOCKS if name in history), None)
    epochs = range(1, len(next(iter(history.values()))) + 1)
    times = epochs if clock is None else history[clock]
    figure = new_figure()
    columns = min(COLUMNS, len(measures))
    rows = math.ceil(len(measures) / columns)
    figure.set_size_inches(PANEL[0] * columns, PANEL[1] * rows)
    figure.set_layout_engine("constrained")
    families = choose_families(measures)
    for place, measure in enumerate(measures):
        shared = figure.axes[0] if figure.axes else None
        axes = figure.add_subplot(rows, columns, place + 1, sharex=shared)
        _draw(axes, times, {name: history.get(name) for name in (measure, VALIDATION + measure)})
        first = times[0]
        if len(times) == 1 and first is not None and _is_finite(first):
            axes.set_xlim(first - 0.5, first + 0.5)  # a point has no width to scale by
        axes.set_xlabel(clock or "epoch")
        axes.set_title(measure, fontfamily=families[place], parse_math=False)
    return figure


def _draw(
    axes: Any,
    times: Sequence[float | None],
    curves: Mapping[str, Sequence[float | None] | None],
) -> None:
    for name, values in curves.items():
        if values is None:
            continue
        validation = name.startswith(VALIDATION)
        # Without the epochs that did not measure, so that a line joins those that did.
        points = [
            (time, value)
            for time, value in zip(times, values, strict=True)
            if _is_finite(time) and _is_finite(value)
        ]
        axes.plot(
            [time for time, _ in points],
            [value for _, value in points],
            marker="o" if len(points) <= 30 else "",  # one epoch is a point, and no line
            markersize=3,
            color="C1" if validation else "C0",
            label="validation" if validation else "training",
        )
        if validation:
            axes.legend()
    axes.grid(color="0.9")
    axes.xaxis.get_major_locator().set_params(integer=True)


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _check(history: Mapping[str, Sequence[float | None]]) -> None:
    if not isinstance(history, Mapping):
        raise TypeError(
            "`history` must be a mapping from column names to lists of numbers. "
            f"Received: {history!r}."
        )
    for name, values in history.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise TypeError(f"`history[{name!r}]` must be a list of numbers. Received: {values!r}.")
    lengths = {name: len(values) for name, values in history.items()}
    if not set(lengths) - set(CLOCKS) or not all(lengths.values()):
        raise ValueError(
            "`history` must hold at least one measure with at least one epoch. "
            f"Received columns of lengths: {lengths!r}."
        )
    if len(set(lengths.values())) > 1:
        raise ValueError(f"`history` must hold columns of equal length. Received: {lengths!r}.")
    for name, values in history.items():
        for index, value in enumerate(values):
            if value is not None and not isinstance(value, numbers.Real):
                checks.check_number(f"history[{name!r}][{index}]", value)
