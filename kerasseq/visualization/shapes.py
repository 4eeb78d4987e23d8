"""What a frame is drawn with: the same few shapes for a GIF and for a page."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

INK, MUTED, EDGE = "#1b1f24", "#6b7280", "#c3cbd6"
PAPER, PALE, BRIGHT = "#ffffff", "#eef2f7", "#ffe9b8"
BLUE, ORANGE = "#1f5fa8", "#d9772b"
HEADS = (BLUE, ORANGE, "#2e8b57", "#8a4fbf", "#b5367a", "#7a6a2f", "#3aa0a8", "#555b66")

LEVELS = 40  # of the colours of a strip, on each side of zero
SMALLEST = 7.0


class Box(NamedTuple):
    """A filled rectangle; `hint` is what a page shows when the pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    edge: str = ""
    hint: str = ""


class Text(NamedTuple):
    """A line of text, centred vertically on `y`; `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    anchor: str = "middle"
    color: str = INK


class Line(NamedTuple):
    """A straight line."""

    x: float
    y: float
    to_x: float
    to_y: float
    color: str
    width: float


class Strip(NamedTuple):
    """A vector as a column of coloured cells: orange below zero, blue above."""

    x: float
    y: float
    width: float
    height: float
    levels: tuple[int, ...]


Shape = Box | Text | Line | Strip


def levels(vector: np.ndarray, scale: float) -> tuple[int, ...]:
    """Returns the colours of a vector's numbers, whole numbers from -LEVELS to LEVELS.

    Args:
        vector: `(size,)`.
        scale: the number that has the strongest colour.
    """
    shares = np.clip(vector / max(scale, 1e-9), -1.0, 1.0)
    return tuple(int(level) for level in np.rint(LEVELS * shares))


def level_color(level: int) -> tuple[float, float, float]:
    """Returns red, green and blue, from 0 to 1, of a level."""
    end = BLUE if level > 0 else ORANGE
    share = abs(level) / LEVELS
    whole = [int(end[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (1 - share * (1 - part) for part in whole)
    return red, green, blue


def sample(vector: np.ndarray, count: int) -> np.ndarray:
    """Returns at most `count` numbers of a vector, evenly apart: the same places each time."""
    size = vector.shape[-1]
    if size <= count:
        return vector
    return vector[..., np.linspace(0, size - 1, count).round().astype(int)]


def fitted(text: str, width: float, size: float) -> tuple[str, float]:
    """Returns a text and its size, smaller and then shorter until it is about `width` wide.

    Args:
        text: the text.
        width: the room for it.
        size: the largest letters.
    """
    needed = text_width(text, size)
    if needed <= width:
        return text, size
    smaller = max(SMALLEST, size * width / needed)
    while len(text) > 1 and text_width(text, smaller) > width + 1e-6:
        text = f"{text.removesuffix('…')[:-1]}…" if len(text) > 2 else text[:1]
    return text, smaller


def text_width(text: str, size: float) -> float:
    """Returns about how wide a text is: fonts differ, and the reader's is not known."""
    return size * sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.62


def widest(texts: Sequence[str], size: float) -> float:
    """Returns the width of the widest of some texts."""
    return max(text_width(text, size) for text in texts)
