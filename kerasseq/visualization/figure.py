"""Making a figure, and writing it to a file."""

import io
import os
import uuid
from pathlib import Path
from typing import Any, TypeAlias

from kerasseq import checks

Figure: TypeAlias = Any
"""A `matplotlib.figure.Figure`; matplotlib is imported only where a picture is made."""

# What the file says of itself: without the date, equal pictures are nearly equal files.
FORMATS: dict[str, dict[str, None]] = {
    ".png": {},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
DOTS_PER_INCH = 150


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
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        figure.savefig(
            unfinished, format=suffix[1:], dpi=DOTS_PER_INCH, metadata=FORMATS[suffix] or None
        )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
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
    figure.savefig(written, format=suffix[1:], dpi=DOTS_PER_INCH, metadata=metadata)
    return written.getvalue()
