"""An animation of a trace: a GIF, or one page that needs nothing else."""

import os
from pathlib import Path

from kerasseq import checks
from kerasseq.files import written_beside
from kerasseq.typing import Trace
from kerasseq.visualization.frames import Frame, animation_frames
from kerasseq.visualization.gif import write_gif
from kerasseq.visualization.page import page
from kerasseq.visualization.stage import Stage

SUFFIXES = (".gif", ".html")
# How long a phase stays, as a multiple of `seconds`.
PATIENCE = {"read": 0.8, "hand_on": 1.6, "word": 1.4}
LAST = 3.0


def save_animation(
    trace: Trace, path: str | os.PathLike[str], seconds: float = 0.8, font: str | None = None
) -> Path:
    """Writes how a network reads a source and writes its output, step by step.

    First the encoder reads token by token and hands on its state, then the decoder writes token
    by token; with attention each step shows the scores over the source, the weights they become,
    the sum of the memory by these weights, and the word that comes out. Vectors are shown as
    columns of at most 16 of their numbers, blue above zero and orange below.

    Args:
        trace: what `kerasseq.translation.trace` gave.
        path: where to; ends in `.gif`, or in `.html` for a page that plays, steps and can be
            steered by keyboard, and needs no other file and no network.
        seconds: about how long a frame stays.
        font: as for `plot_attention`, for the GIF; a page is drawn with its reader's fonts.

    Returns:
        The path.

    Raises:
        ValueError: if the suffix is another one, the trace's arrays do not fit its tokens, or no
            font has a character of a GIF.
    """
    path = Path(path)
    checks.check_one_of("path's suffix", path.suffix.lower(), SUFFIXES)
    checks.check_positive("seconds", seconds)
    frames = animation_frames(trace)
    stage = Stage(trace)
    durations = [seconds * each for each in _patience(frames)]
    with written_beside(path) as unfinished:
        if path.suffix.lower() == ".gif":
            write_gif(unfinished, stage, frames, durations, font)
        else:
            text = page(trace.text, stage, frames, durations)
            Path(unfinished).write_text(text, encoding="utf-8")
    return path


def _patience(frames: list[Frame]) -> list[float]:
    shares = [PATIENCE.get(frame.phase, 1.0) for frame in frames]
    return [*shares[:-1], max(LAST, shares[-1])]
