"""A picture of a GIF is what the stage says: shapes in their places, in their colours."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseq.typing import Trace
from kerasseq.visualization import animation_frames
from kerasseq.visualization.gif import LARGEST, write_gif
from kerasseq.visualization.shapes import level_color, levels
from kerasseq.visualization.stage import CELL, LEFT, TOKEN, TOP, Stage

MakeTrace = Callable[..., Trace]


def drawn(trace: Trace, phase: str, folder: Path) -> tuple[Stage, np.ndarray]:
    """The first frame of a phase: its stage, and its pixels, `(height, width, 3)` from 0 to 1."""
    frame = next(each for each in animation_frames(trace) if each.phase == phase)
    stage = Stage(trace)
    write_gif(str(folder / "one.gif"), stage, [frame], [1.0], None)
    with Image.open(folder / "one.gif") as image:
        return stage, np.asarray(image.convert("RGB")) / 255


def test_the_token_that_is_read_is_bright_at_the_top(make_trace: MakeTrace, tmp_path: Path) -> None:
    stage, pixels = drawn(make_trace(), "read", tmp_path)
    row = round(TOP) + 4
    first, second = (round(LEFT + place * stage.column) + 5 for place in (0, 1))
    assert pixels[row, first] == pytest.approx(np.array([0xFF, 0xE9, 0xB8]) / 255, abs=0.03)
    assert pixels[row, second] == pytest.approx(np.array([0xEE, 0xF2, 0xF7]) / 255, abs=0.03)


def test_a_vector_is_a_column_of_cells_from_top_to_bottom(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    trace = make_trace()
    stage, pixels = drawn(trace, "state", tmp_path)
    for position, vector in enumerate(trace.memories[-1]):
        column = round(stage._middle(position))
        for place, level in enumerate(levels(vector, 1.0)):
            row = round(stage.memory_top + (place + 0.5) * CELL)
            assert pixels[row, column] == pytest.approx(np.array(level_color(level)), abs=0.03)


def test_lines_are_as_wide_as_they_are_said_to_be(make_trace: MakeTrace, tmp_path: Path) -> None:
    stage, pixels = drawn(make_trace(), "context", tmp_path)
    row = round(stage.weight_zero) + 7
    for position, width in ((0, 1 + 7 * 0.25), (1, 1 + 7 * 0.75)):
        middle = round(stage._middle(position))
        ink = 1 - pixels[row, middle - 8 : middle + 9, 0]  # blue has little red
        assert ink.sum() / (1 - 0x1F / 255) == pytest.approx(width, abs=0.5)


def test_a_label_ends_before_what_it_stands_beside(make_trace: MakeTrace, tmp_path: Path) -> None:
    _, pixels = drawn(make_trace(), "read", tmp_path)
    rows = pixels[round(TOP) : round(TOP + TOKEN)]
    assert rows[:, : round(LEFT) - 14].min() < 0.6  # letters
    assert rows[:, round(LEFT) - 12 : round(LEFT)].min() > 0.97  # paper


@pytest.mark.parametrize("axis", [0, 1])
def test_a_large_stage_is_scaled_down(axis: int, make_trace: MakeTrace, tmp_path: Path) -> None:
    trace = make_trace()
    frame, stage = animation_frames(trace)[0], Stage(trace)
    stage.width, stage.height = ((3 * LARGEST, 600.0), (600.0, 3 * LARGEST))[axis]
    write_gif(str(tmp_path / "one.gif"), stage, [frame], [1.0], None)
    with Image.open(tmp_path / "one.gif") as image:
        expected = ((LARGEST, 200), (200, LARGEST))[axis]
        assert image.size == expected
