"""Fonts that are the same on every machine, and a trace that is small enough to check by hand."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from kerasseq.typing import Trace

MakeFont = Callable[[str, str], Path]


@pytest.fixture
def bundled_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No font is installed but those that come with matplotlib."""
    own = Path(font_manager.__file__).parent
    bundled = [
        entry for entry in font_manager.fontManager.ttflist if own in Path(entry.fname).parents
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", copy.copy(bundled))
    monkeypatch.setattr(font_manager, "findSystemFonts", list)


@pytest.fixture
def make_font(tmp_path: Path) -> MakeFont:
    """`make_font(family, characters)` writes a font that draws each of them as a square."""

    def make(family: str, characters: str) -> Path:
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        for corner in ((0, 500), (500, 500), (500, 0)):
            pen.lineTo(corner)
        pen.closePath()
        square = pen.glyph()
        names = [".notdef", *(f"u{ord(character):04X}" for character in characters)]
        builder = FontBuilder(1000)
        builder.setupGlyphOrder(names)
        builder.setupCharacterMap(
            {ord(character): name for character, name in zip(characters, names[1:], strict=True)}
        )
        builder.setupGlyf(dict.fromkeys(names, square))
        builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": family, "styleName": "Regular"})
        builder.setupOS2()
        builder.setupPost()
        path = tmp_path / f"{family.replace(' ', '')}.ttf"
        builder.save(path)
        return path

    return make


@pytest.fixture
def make_trace() -> Callable[..., Trace]:
    """`make_trace(**changes)` is a trace of three source tokens, two target tokens, one head."""

    def make(**changes: Any) -> Trace:
        weights = np.array([[[0.25, 0.75, 0.0]], [[0.0, 0.0, 1.0]]])
        memory = np.array([[1.0, -1.0, 0.5, 0.0], [0.2, 0.4, -0.6, 0.8], [0.0, 0.0, 0.0, -1.0]])
        trace = Trace(
            text="x",
            source_tokens=["▁a", "▁b", "</s>"],
            target_tokens=["▁x", "</s>"],
            memories=np.stack([memory, memory, memory]),
            handed_on=np.linspace(-1, 1, 6).reshape(3, 2),
            states=np.array([[0.5, -0.5], [1.0, 0.0]]),
            scores=np.array([[[1.0, 2.0, -2.0]], [[-1.0, -3.0, 4.0]]]),
            attention_weights=weights,
            contexts=weights[:, 0] @ memory,
            token_scores=np.log([0.5, 0.25]),
            candidates=[[("▁x", 0.5), ("▁y", 0.125)], [("▁z", 0.5), ("</s>", 0.25)]],
            score_name="DotAttention",
            distribution_name="Softmax",
            wiring="luong",
        )
        return trace._replace(**changes)

    return make
