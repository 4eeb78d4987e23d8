"""Where everything stands in an animation: a frame's numbers become shapes."""

from collections.abc import Iterator

import numpy as np

from kerasseq.typing import Trace
from kerasseq.visualization.frames import Frame
from kerasseq.visualization.labels import visible
from kerasseq.visualization.shapes import (
    BLUE,
    BRIGHT,
    EDGE,
    HEADS,
    INK,
    MUTED,
    PALE,
    PAPER,
    Box,
    Line,
    Shape,
    Strip,
    Text,
    fitted,
    levels,
    sample,
    widest,
)

# Pixels.
LEFT, TOP, RIGHT = 84.0, 34.0, 24.0
TOKEN, LETTERS = 26.0, 13.0
NARROWEST, BROADEST = 24.0, 92.0
CELLS, CELL = 16, 6.0  # numbers of a vector that are shown, and how high each is
STRIP = 20.0
BAR = 60.0  # the highest bar
PANEL = 340.0  # beside the source: state, context, candidates
CHANCES = 96.0  # the longest bar of a candidate
BUSIEST = 40.0  # pixels that a column needs for a number above its bar


class Stage:
    """The places of all that a trace's frames show.

    Args:
        trace: the trace.
    """

    def __init__(self, trace: Trace) -> None:
        self.source = [visible(token) for token in trace.source_tokens]
        self.target = [visible(token) for token in trace.target_tokens]
        self.attends = trace.scores.shape[1] > 0
        self.column = _column(self.source)
        self.positions = trace.memories.shape[1]
        across = self.column * len(self.source)
        self.panel = LEFT + across + RIGHT
        self.target_column = min(_column(self.target), (across + PANEL) / len(self.target))
        captions = 620.0  # the longest caption
        self.width = max(self.panel + PANEL, LEFT + captions)
        self.memory_top = TOP + TOKEN + 16
        self.memory_end = self.memory_top + CELLS * CELL
        self.score_zero = self.memory_end + 24 + BAR / 2
        self.weight_zero = self.score_zero + BAR / 2 + 24 + BAR
        self.target_top = (self.weight_zero if self.attends else self.memory_end) + 36
        self.caption = self.target_top + TOKEN + 30
        self.height = self.caption + 24
        # One scale for all frames, so that colours can be compared.
        self.memory_scale = _largest(trace.memories, trace.contexts)
        self.state_scale = _largest(trace.handed_on, trace.states)

    def shapes(self, frame: Frame) -> list[Shape]:
        """Returns what a frame is drawn with, from back to front."""
        return [
            *self._labels(),
            *self._tokens(frame),
            *self._memory(frame),
            *self._scores(frame),
            *self._weights(frame),
            *self._panel(frame),
            Text(LEFT, self.caption, frame.caption, 15.0, "start"),
        ]

    def _labels(self) -> Iterator[Shape]:
        middle = (self.memory_top + self.memory_end) / 2
        places = {"source": TOP + TOKEN / 2, "memory": middle, "target": self.target_top + 13}
        if self.attends:
            places |= {"scores": self.score_zero, "weights": self.weight_zero - BAR / 2}
        for label, place in places.items():
            yield Text(LEFT - 14, place, label, LETTERS, "end", MUTED)

    def _tokens(self, frame: Frame) -> Iterator[Shape]:
        for place, token in enumerate(self.source):
            is_now = frame.phase == "read" and place == frame.num_read - 1
            color = INK if place < frame.num_read else EDGE
            x = LEFT + place * self.column
            yield from _token(x, TOP, self.column, token, BRIGHT if is_now else PALE, color)
        for place, token in enumerate(self.target[: frame.num_written]):
            is_now = frame.phase == "word" and place == frame.num_written - 1
            x = LEFT + place * self.target_column
            fill = BRIGHT if is_now else PALE
            yield from _token(x, self.target_top, self.target_column, token, fill, INK)

    def _middle(self, position: int) -> float:
        """The middle of a position of the memory, below the tokens that it is made of."""
        span = self.column * len(self.source) / self.positions
        return LEFT + (position + 0.5) * span

    def _memory(self, frame: Frame) -> Iterator[Shape]:
        width = min(STRIP, self.column - 6)
        middle = (self.memory_top + self.memory_end) / 2
        for position, vector in enumerate(frame.memory):
            x = self._middle(position)
            if position:
                before = self._middle(position - 1) + width / 2
                yield Line(before, middle, x - width / 2, middle, EDGE, 2)
            yield from self._strip(x - width / 2, width, vector, self.memory_scale)

    def _strip(self, x: float, width: float, vector: np.ndarray, scale: float) -> Iterator[Shape]:
        shown = sample(vector, CELLS)
        height = CELL * len(shown)
        yield Box(x - 1, self.memory_top - 1, width + 2, height + 2, PAPER, EDGE)
        yield Strip(x, self.memory_top, width, height, levels(shown, scale))

    def _scores(self, frame: Frame) -> Iterator[Shape]:
        if frame.scores is None:
            return
        scale = max(float(np.abs(frame.scores).max()), 1e-9)
        zero = self.score_zero
        yield Line(LEFT, zero, self.panel - RIGHT, zero, EDGE, 1)
        for head, position, value in _cells(frame.scores):
            length = BAR / 2 * value / scale
            hint = f"score {value:.3f}{_of_head(head, frame.scores)}"
            yield self._bar(position, head, len(frame.scores), zero, length, hint)
            if self._has_room(frame.scores):
                y = zero - length - 8 if value > 0 else zero - length + 8
                yield Text(self._middle(position), y, f"{value:.1f}", 10.0, color=MUTED)

    def _weights(self, frame: Frame) -> Iterator[Shape]:
        if frame.attention_weights is None:
            return
        zero = self.weight_zero
        yield Line(LEFT, zero, self.panel - RIGHT, zero, EDGE, 1)
        if frame.phase == "context":
            yield from self._sum(frame.attention_weights.mean(axis=0))
        for head, position, value in _cells(frame.attention_weights):
            length = BAR * value
            hint = f"weight {value:.3f}{_of_head(head, frame.attention_weights)}"
            yield self._bar(position, head, len(frame.attention_weights), zero, length, hint)
            if self._has_room(frame.attention_weights) and value >= 0.005:
                x = self._middle(position)
                yield Text(x, zero - length - 8, f"{value:.2f}", 10.0, color=MUTED)

    def _bar(
        self, position: int, head: int, heads: int, zero: float, length: float, hint: str
    ) -> Box:
        width = min(STRIP + 8, self.column - 4) / heads
        x = self._middle(position) + (head - heads / 2) * width
        color = HEADS[head % len(HEADS)]
        return Box(x, zero - max(length, 0.0), width, abs(length), color, hint=hint)

    def _has_room(self, values: np.ndarray) -> bool:
        return len(values) == 1 and self.column >= BUSIEST

    def _sum(self, weights: np.ndarray) -> Iterator[Shape]:
        """Lines from the weights to the context, as thick as the weight."""
        bus, context = self.weight_zero + 14, self.panel + 84 + STRIP / 2
        for position, weight in enumerate(weights.tolist()):
            if weight >= 0.01:
                x = self._middle(position)
                yield Line(x, self.weight_zero, x, bus, BLUE, 1 + 7 * weight)
        yield Line(self._middle(0), bus, context, bus, BLUE, 2)
        yield Line(context, bus, context, self.memory_end + 2, BLUE, 2)

    def _panel(self, frame: Frame) -> Iterator[Shape]:
        middle = (self.memory_top + self.memory_end) / 2
        if frame.state.size:
            at, label = self.panel + 22, "state"
            if frame.phase == "hand_on":
                last = self._middle(len(frame.memory) - 1) + STRIP / 2
                yield Line(last, middle, at, middle, BLUE, 3)
            yield Text(at + STRIP / 2, TOP + TOKEN / 2, label, LETTERS, color=MUTED)
            yield from self._strip(at, STRIP, frame.state, self.state_scale)
        if frame.context is not None and frame.context.size:
            at = self.panel + 84
            yield Text(at + STRIP / 2, TOP + TOKEN / 2, "context", LETTERS, color=MUTED)
            yield from self._strip(at, STRIP, frame.context, self.memory_scale)
        if frame.candidates is not None:
            yield from self._candidates(frame.candidates, self.target[frame.num_written - 1])

    def _candidates(self, candidates: list[tuple[str, float]], chosen: str) -> Iterator[Shape]:
        at = self.panel + 136
        yield Text(at + 74, TOP + TOKEN / 2, "likeliest next", LETTERS, color=MUTED)
        for rank, (token, probability) in enumerate(candidates[:5]):
            y = self.memory_top + 8 + 19 * rank
            shown, size = fitted(visible(token), 64, LETTERS)
            yield Text(at + 62, y, shown, size, "end")
            fill = BLUE if visible(token) == chosen else EDGE
            hint = f"probability {probability:.3f}"
            yield Box(at + 70, y - 6, CHANCES * probability, 12, fill, hint=hint)
            x = at + 75 + CHANCES * probability
            yield Text(x, y, f"{probability:.2f}", 10.0, "start", MUTED)


def _token(x: float, y: float, column: float, token: str, fill: str, color: str) -> Iterator[Shape]:
    shown, size = fitted(token, column - 8, LETTERS)
    yield Box(x + 2, y, column - 4, TOKEN, fill, EDGE, token)
    yield Text(x + column / 2, y + TOKEN / 2, shown, size, color=color)


def _column(tokens: list[str]) -> float:
    """How wide the columns of tokens are."""
    return min(max(widest(tokens, LETTERS) + 14, NARROWEST), BROADEST)


def _largest(*arrays: np.ndarray) -> float:
    return max((float(np.abs(array).max()) for array in arrays if array.size), default=1.0)


def _cells(values: np.ndarray) -> Iterator[tuple[int, int, float]]:
    for head, row in enumerate(values.tolist()):
        for position, value in enumerate(row):
            yield head, position, value


def _of_head(head: int, values: np.ndarray) -> str:
    return f", head {head + 1}" if len(values) > 1 else ""
