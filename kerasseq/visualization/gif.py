"""Shapes -> a GIF, drawn by matplotlib and written by Pillow."""

from collections.abc import Sequence
from typing import Any

from kerasseq.visualization.figure import Figure, new_figure
from kerasseq.visualization.fonts import choose_families
from kerasseq.visualization.frames import Frame
from kerasseq.visualization.shapes import (
    PAPER,
    Box,
    Line,
    Shape,
    Strip,
    Text,
    level_color,
)
from kerasseq.visualization.stage import Stage

POINTS = 0.72  # points a pixel, at 100 dots per inch
LARGEST = 2400.0  # pixels of a side; larger stages are scaled down
COLORS = 255
NEARLY_WHITE = 250
LONGEST_FRAME = 655.0  # seconds, which the format counts in 16 bits of hundredths
EXAMPLES = 8  # frames that the colours are taken from


def write_gif(
    path: str, stage: Stage, frames: Sequence[Frame], durations: Sequence[float], font: str | None
) -> None:
    """Draws every frame and writes a GIF that repeats for ever.

    Args:
        path: where to.
        stage: where everything stands.
        frames: what to show.
        durations: seconds, one a frame.
        font: the font to try first, `None` for the default.

    Raises:
        ValueError: if a frame stays longer than the format can say.
    """
    if max(durations) > LONGEST_FRAME:
        raise ValueError(
            f"`seconds` must leave each frame of a GIF at most {LONGEST_FRAME:g} seconds. "
            f"Received: one that stays {max(durations):g}. Save an `.html`."
        )
    scenes = [stage.shapes(frame) for frame in frames]
    families = _families(scenes, font)
    figure = new_figure()
    scale = min(1.0, LARGEST / max(stage.width, stage.height))
    figure.set_size_inches(stage.width * scale / 100, stage.height * scale / 100)
    images = [_draw(figure, stage, scene, families, scale) for scene in scenes]
    palette = _palette(images)
    drawn = [image.quantize(palette=palette, dither=0) for image in images]
    drawn[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=drawn[1:],
        duration=[round(1000 * seconds) for seconds in durations],
        loop=0,
        optimize=False,
    )


def _families(scenes: Sequence[Sequence[Shape]], font: str | None) -> dict[str, list[str]]:
    """The fonts of each text; raises if no font has a character."""
    texts = {shape.text for scene in scenes for shape in scene if isinstance(shape, Text)}
    ordered = sorted(texts)
    return dict(zip(ordered, choose_families(ordered, font), strict=True))


def _draw(
    figure: Figure,
    stage: Stage,
    scene: Sequence[Shape],
    families: dict[str, list[str]],
    scale: float,
) -> Any:
    """One frame as a picture of Pillow's."""
    from PIL import Image

    figure.clear()
    figure.set_facecolor(PAPER)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, stage.width)
    axes.set_ylim(stage.height, 0)
    _draw_lines(axes, [shape for shape in scene if isinstance(shape, Line)], scale)
    _draw_boxes(axes, scene)
    for shape in scene:
        if isinstance(shape, Text):
            axes.text(
                shape.x,
                shape.y,
                shape.text,
                fontsize=shape.size * POINTS * scale,
                ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
                va="center_baseline",
                color=shape.color,
                fontfamily=families[shape.text],
                parse_math=False,
            )
    figure.canvas.draw()
    size = figure.canvas.get_width_height()
    return Image.frombytes("RGBA", size, bytes(figure.canvas.buffer_rgba())).convert("RGB")


def _draw_lines(axes: Any, lines: Sequence[Line], scale: float) -> None:
    from matplotlib.collections import LineCollection

    axes.add_collection(
        LineCollection(
            [[(line.x, line.y), (line.to_x, line.to_y)] for line in lines],
            colors=[line.color for line in lines],
            linewidths=[line.width * POINTS * scale for line in lines],
        ),
        autolim=False,
    )


def _draw_boxes(axes: Any, scene: Sequence[Shape]) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    rectangles: list[Any] = []
    fills: list[Any] = []
    edges: list[str] = []
    for shape in scene:
        if isinstance(shape, Box):
            rectangles.append(Rectangle((shape.x, shape.y), shape.width, shape.height))
            fills.append(shape.fill)
            edges.append(shape.edge or "none")
        elif isinstance(shape, Strip):
            height = shape.height / max(len(shape.levels), 1)
            for place, level in enumerate(shape.levels):
                corner = (shape.x, shape.y + place * height)
                rectangles.append(Rectangle(corner, shape.width, height))
                fills.append(level_color(level))
                edges.append("none")
    boxes = PatchCollection(rectangles, facecolors=fills, edgecolors=edges, linewidths=0.7)
    axes.add_collection(boxes, autolim=False)


def _palette(images: Sequence[Any]) -> Any:
    """One palette for all frames, so that no colour flickers; white stays white."""
    from PIL import Image

    shown = [*images[:: max(1, len(images) // EXAMPLES)], images[-1]]
    width, height = images[0].size
    together = Image.new("RGB", (width, height * len(shown)))
    for place, image in enumerate(shown):
        together.paste(image, (0, place * height))
    # A median of near-white pixels would make the paper grey.
    colors = (together.quantize(COLORS).getpalette() or [])[: 3 * COLORS]
    whitened = [255 if level >= NEARLY_WHITE else level for level in colors]
    palette = Image.new("P", (1, 1))
    palette.putpalette(whitened)
    return palette
