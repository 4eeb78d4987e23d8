"""Fonts that are the same on every machine."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

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
