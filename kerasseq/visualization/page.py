"""Shapes -> one page of HTML that plays them, and needs no other file and no network."""

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasseq.visualization.frames import Frame
from kerasseq.visualization.shapes import BLUE, LEVELS, ORANGE, Box, Line, Shape, Strip, Text
from kerasseq.visualization.stage import Stage

TEMPLATE = Path(__file__).with_name("player.html")
ZERO = ord("0") + LEVELS  # the letter of level 0: a strip is a word, a letter a number


def page(title: str, stage: Stage, frames: Sequence[Frame], durations: Sequence[float]) -> str:
    """Returns the page.

    Args:
        title: the output, which the page is called by.
        stage: where everything stands.
        frames: what to show.
        durations: seconds, one a frame.
    """
    data = {
        "width": round(stage.width),
        "height": round(stage.height),
        "levels": LEVELS,
        "zero": ZERO,
        "above": BLUE,
        "below": ORANGE,
        "frames": [
            {
                "phase": frame.phase,
                "caption": frame.caption,
                "seconds": round(seconds, 3),
                # The caption stands below the picture, as text.
                "shapes": [_plain(shape) for shape in stage.shapes(frame)[:-1]],
            }
            for frame, seconds in zip(frames, durations, strict=True)
        ],
    }
    # A "<" within a script could end it.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {"title": html.escape(title), "data": text}
    template = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(title|data)\}\}", lambda match: parts[match[1]], template)


def _plain(shape: Shape) -> list[Any]:
    """A shape as a list: its first letter, then its fields."""
    kind = {Box: "b", Text: "t", Line: "l", Strip: "s"}[type(shape)]
    fields: list[Any] = [round(each, 1) if isinstance(each, float) else each for each in shape]
    if isinstance(shape, Strip):
        fields[-1] = "".join(chr(ZERO + level) for level in shape.levels)
    return [kind, *fields]
