"""Making a figure, and writing it to a file."""

import io
import os
from pathlib import Path
from typing import Any, TypeAlias

from kerasseq import checks
from kerasseq.files import written_beside

Figure: TypeAlias = Any
"""A `matplotlib.figure.Figure`; matplotlib is imported only where a picture is made."""

# What the file says of itself: without the date, equal pictures are nearly equal files.
FORMATS: dict[str, dict[str, None]] = {
    ".png": {},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
DOTS_PER_INCH = 150
MOST_DOTS = 5e7  # Pillow warns from 89 million on


def new_figure() -> Figure:
    """Returns an empty figure that needs no display and that pyplot does not know."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(dpi=100)
    FigureCanvasAgg(figure)  # draws into memory; makes itself the figure's canvas
    return figure


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Writes a figure as PNG, SVG or PDF, by the path's suffix.

    The file is written beside its place and renamed, so that nobody sees half of it and a failure
    leaves the file that was there. Missing folders are made.

    Args:
        figure: a `matplotlib.figure.Figure`.
        path: where to; ends in `.png`, `.svg` or `.pdf`.

    Returns:
        The path.

    Raises:
        ValueError: if the suffix is another one.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    checks.check_one_of("path's suffix", suffix, sorted(FORMATS))
    with written_beside(path) as unfinished:
        figure.savefig(
            unfinished, format=suffix[1:], dpi=_resolution(figure), metadata=FORMATS[suffix] or None
        )
    return path


def encode_figure(figure: Figure, suffix: str = ".png") -> bytes:
    """Returns a figure as the bytes of a file, for what wants pictures and no files.

    Args:
        figure: a `matplotlib.figure.Figure`.
        suffix: `.png`, `.svg` or `.pdf`.

    Raises:
        ValueError: if the suffix is another one.
    """
    checks.check_one_of("suffix", suffix, sorted(FORMATS))
    written = io.BytesIO()
    metadata = FORMATS[suffix] or None
    figure.savefig(written, format=suffix[1:], dpi=_resolution(figure), metadata=metadata)
    return written.getvalue()


def _resolution(figure: Figure) -> float:
    """Dots an inch: fewer of a very large picture, which viewers would refuse."""
    width, height = figure.get_size_inches()
    return float(min(DOTS_PER_INCH, (MOST_DOTS / (width * height)) ** 0.5))
