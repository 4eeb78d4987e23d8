"""A font for every label: any script, and no boxes in place of letters."""

import difflib
import functools
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

DEFAULT_FAMILY = "DejaVu Sans"  # comes with matplotlib
FONT_SUFFIXES = (".ttf", ".otf", ".ttc")

# Fonts that answer with a box for every character, or with other characters than they are asked.
UNFIT = re.compile(r"Last Resort|Adobe Blank|STIX(Non|Size)|cm[a-z]{1,2}10")

# Characters that are not drawn, with or without a glyph: joiners, direction marks, variation
# selectors, tags (Unicode's Default_Ignorable_Code_Point).
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)

CJK = ("fonts-noto-cjk", "Noto Sans CJK")
OTHER = ("fonts-noto-core", "Noto Sans, Noto Sans Symbols")
EMOJI = ("fonts-symbola", "Symbola, or Noto Emoji; coloured emoji cannot be drawn")
# The Debian package and family of what the first word of a character's Unicode name says;
# "DEVANAGARI LETTER KA" and most other scripts follow the pattern "Noto Sans Devanagari".
PACKAGES = {
    "ARABIC": ("fonts-noto-core", "Noto Naskh Arabic"),
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"), CJK),
    **dict.fromkeys(("FULLWIDTH", "HALFWIDTH", "KANGXI"), CJK),
}


class _File(NamedTuple):
    """Where a family's upright, regular letters are: a file, and a face in it."""

    path: str
    face_index: int


def choose_families(labels: Sequence[str], font: str | None = None) -> list[list[str]]:
    """Returns for each label the font families that together have all its characters.

    Args:
        labels: the texts that will be drawn.
        font: family or file of the font to try first, `None` for DejaVu Sans. It also chooses
            between regional forms: `"Noto Sans CJK SC"` for Chinese, `"Noto Sans CJK JP"` for
            Japanese.

    Returns:
        A list of families a label, as matplotlib's `fontfamily` takes it.

    Raises:
        ValueError: if there is no such font, or no installed font has a character.
    """
    first = DEFAULT_FAMILY if font is None else _resolve(font)
    needed = _drawn("".join(labels))
    files = _files(first)
    if _missing(needed, files):
        _add_new_fonts()  # somebody may have followed the advice below a moment ago
        files = _files(first)
        missing = _missing(needed, files)
        if missing:
            raise ValueError(_advice(missing))
    return [_cover(_drawn(label), first, files, keep_first=font is not None) for label in labels]


def _drawn(text: str) -> set[str]:
    return set(INVISIBLE.sub("", text))


def _missing(needed: set[str], files: Mapping[str, _File]) -> set[str]:
    """The characters that no family has; opens no more files than it takes."""
    missing = set(needed)
    for file in files.values():
        if not missing:
            break
        missing -= _characters_in(file)
    return missing


def _cover(needed: set[str], first: str, files: Mapping[str, _File], keep_first: bool) -> list[str]:
    """The fewest families that a greedy choice finds for the characters of one label."""
    families, missing = [first], needed - _characters_in(files[first])
    while missing:
        best = max(files, key=lambda family: len(missing & _characters_in(files[family])))
        families.append(best)
        missing -= _characters_in(files[best])
    if not keep_first:
        # The font of most of the label leads, so that a word is not drawn by two.
        families.sort(key=lambda family: -len(needed & _characters_in(files[family])))
    return families


@functools.lru_cache(maxsize=4096)
def _characters_in(file: _File) -> frozenset[str]:
    from matplotlib import ft2font

    face = ft2font.FT2Font(file.path, face_index=file.face_index)
    return frozenset(map(chr, face.get_charmap()))


def _files(first: str) -> dict[str, _File]:
    """The file of each family, `first` leading, then sans serif, in an order that is always equal.

    Of a family's files it is the one that matplotlib will draw with: upright, nearest to regular.
    """
    from matplotlib import font_manager

    regular: dict[str, Any] = {}
    for entry in font_manager.fontManager.ttflist:
        if entry.name != first and (not _is_upright(entry) or UNFIT.match(entry.name)):
            continue
        # Of equally regular files the first listed, as matplotlib itself does.
        if entry.name not in regular or _unlike_regular(entry) < _unlike_regular(
            regular[entry.name]
        ):
            regular[entry.name] = entry
    names = sorted(
        regular,
        key=lambda name: (
            *(name != first, name != DEFAULT_FAMILY, "Sans" not in name),
            *(Path(regular[name].fname).name, regular[name].index),
        ),
    )
    return {name: _File(str(regular[name].fname), regular[name].index) for name in names}


def _is_upright(entry: Any) -> bool:
    return (entry.style, entry.variant) == ("normal", "normal")


def _unlike_regular(entry: Any) -> tuple[bool, int, bool]:
    weight = entry.weight if isinstance(entry.weight, int) else 400
    return not _is_upright(entry), abs(weight - 400), entry.stretch != "normal"


def _add_new_fonts() -> None:
    """Adds fonts installed since matplotlib last looked: it keeps its list in a cache file."""
    from matplotlib import font_manager

    known = {str(entry.fname) for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        _add_font(path)


def _add_font(path: str) -> bool:
    """Adds a font file; `False` if matplotlib cannot draw it (bitmaps, a broken file)."""
    from matplotlib import font_manager

    try:
        font_manager.fontManager.addfont(path)
    except Exception:  # FreeType's errors have no common class
        return False
    return True


def _resolve(font: str) -> str:
    """The family that a family's name or a font's file means."""
    from matplotlib import font_manager, ft2font

    if font.lower().endswith(FONT_SUFFIXES):
        path = str(Path(font).resolve())
        known = {str(entry.fname) for entry in font_manager.fontManager.ttflist}
        if path not in known and not _add_font(path):
            raise ValueError(f"`font` must be a font that can be drawn. Received: {font!r}.")
        return ft2font.FT2Font(path).family_name
    if font not in _names():
        _add_new_fonts()
    if font not in _names():
        near = difflib.get_close_matches(font, _names(), n=3)
        hint = f" Near it: {', '.join(map(repr, near))}." if near else ""
        raise ValueError(
            "`font` must be the family of an installed font or a font's file. "
            f"Received: {font!r}.{hint}"
        )
    return font


def _names() -> set[str]:
    from matplotlib import font_manager

    return {entry.name for entry in font_manager.fontManager.ttflist}


def _advice(missing: Collection[str]) -> str:
    listed = [f"{each!r} ({_name(each)})" for each in sorted(missing)]
    shown = ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
    sources = sorted({_package(each) for each in missing})
    install = "; ".join(f"`apt install {package}` ({family})" for package, family in sources)
    return (
        f"No installed font has the characters {shown}. Install one that has, on Debian: "
        f"{install}. Or give `font`, the file or family of another."
    )


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")


def _package(character: str) -> tuple[str, str]:
    """The Debian package that has a character, and the family in it."""
    name = _name(character)
    first_word = re.split("[ -]", name)[0]
    if first_word in PACKAGES:
        return PACKAGES[first_word]
    category = unicodedata.category(character)
    if category in ("So", "Sk") and ord(character) >= 0x1F000:
        return EMOJI
    if category in ("Lo", "Mn", "Mc", "Nd"):
        script = re.split(" (?:CHARACTER|LETTER|SYLLABLE|VOWEL|SIGN|DIGIT|CONSONANT)", name)[0]
        return "fonts-noto-core", f"Noto Sans {script.title()}"
    return OTHER
