import re
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib import font_manager

from kerasseq.visualization.fonts import choose_families

MakeFont = Callable[[str, str], Path]
pytestmark = pytest.mark.usefixtures("bundled_fonts")


def test_the_default_font_draws_what_it_can() -> None:
    labels = ["▁Hej", "Привет", "שלום", "مرحبا", "␣", "∅", ""]
    assert choose_families(labels) == [["DejaVu Sans"]] * 7


def test_a_font_is_found_by_the_characters_it_has(make_font: MakeFont) -> None:
    font_manager.fontManager.addfont(make_font("Two Signs", "日本"))
    font_manager.fontManager.addfont(make_font("One Sign", "日"))
    assert choose_families(["日本", "a", "▁日本", "日"]) == [
        ["Two Signs", "DejaVu Sans"],
        ["DejaVu Sans"],
        ["Two Signs", "DejaVu Sans"],  # the font of most of the label leads
        ["One Sign", "DejaVu Sans"],
    ]


def test_a_label_may_need_several_fonts(make_font: MakeFont) -> None:
    font_manager.fontManager.addfont(make_font("Han", "日本"))
    font_manager.fontManager.addfont(make_font("Nagari", "क"))
    assert choose_families(["日本क"]) == [["Han", "Nagari", "DejaVu Sans"]]


def test_a_font_installed_since_matplotlib_looked_is_found(
    make_font: MakeFont, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "Broken.ttf"
    broken.write_bytes(b"not a font")
    new = [str(broken), str(make_font("Newcomer", "語"))]
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: new)
    assert choose_families(["語"]) == [["Newcomer", "DejaVu Sans"]]


def test_a_named_font_comes_first_and_others_fill_its_gaps(make_font: MakeFont) -> None:
    font_manager.fontManager.addfont(make_font("Han", "日本"))
    assert choose_families(["日 ab"], font="Han") == [["Han", "DejaVu Sans"]]
    assert choose_families(["ab"], font="DejaVu Serif") == [["DejaVu Serif"]]


def test_gaps_are_filled_by_the_default_font_before_others(make_font: MakeFont) -> None:
    font_manager.fontManager.addfont(make_font("Han", "日"))
    font_manager.fontManager.addfont(make_font("A Sans", "ab "))
    assert choose_families(["日 ab"], font="Han") == [["Han", "DejaVu Sans"]]


def test_a_named_font_is_taken_though_it_is_never_chosen_unasked() -> None:
    assert choose_families(["ab"], font="cmr10") == [["cmr10"]]
    assert choose_families(["ab"], font="STIXNonUnicode")[0][0] == "STIXNonUnicode"


def test_a_font_may_be_a_file(make_font: MakeFont) -> None:
    path = make_font("From A File", "語")
    for _ in range(2):
        assert choose_families(["語"], font=str(path)) == [["From A File"]]
    files = [entry.fname for entry in font_manager.fontManager.ttflist]
    assert files.count(str(path)) == 1


def test_characters_that_are_not_drawn_need_no_glyph() -> None:
    joined = "❤\ufe0f \u2067x\u2069 \U000e0067"
    assert choose_families([joined]) == [["DejaVu Sans"]]


def test_the_font_of_boxes_is_never_chosen() -> None:
    assert "Last Resort High-Efficiency" in font_manager.fontManager.get_font_names()
    with pytest.raises(ValueError, match="No installed font"):
        choose_families(["日"])


@pytest.mark.parametrize(
    ("label", "named", "package"),
    [
        ("日", "'日' (CJK UNIFIED IDEOGRAPH-65E5)", "fonts-noto-cjk` (Noto Sans CJK)"),
        ("カ", "'カ' (KATAKANA LETTER KA)", "fonts-noto-cjk` (Noto Sans CJK)"),
        ("ー", "(KATAKANA-HIRAGANA PROLONGED SOUND MARK)", "fonts-noto-cjk` (Noto Sans CJK)"),
        ("한", "(HANGUL SYLLABLE HAN)", "fonts-noto-cjk` (Noto Sans CJK)"),
        ("क", "'क' (DEVANAGARI LETTER KA)", "fonts-noto-core` (Noto Sans Devanagari)"),
        ("ᱚ", "(OL CHIKI LETTER LA)", "fonts-noto-core` (Noto Sans Ol Chiki)"),
        ("ࢠ", "(ARABIC LETTER BEH WITH SMALL V BELOW)", "fonts-noto-core` (Noto Naskh Arabic)"),
        ("👩", "'👩' (WOMAN)", "fonts-symbola` (Symbola, or Noto Emoji;"),
        ("𝄞", "(MUSICAL SYMBOL G CLEF)", "fonts-noto-core` (Noto Sans, Noto Sans Symbols)"),
    ],
)
def test_a_missing_character_is_named_with_the_package_to_install(
    label: str, named: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = [entry for entry in font_manager.fontManager.ttflist if entry.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", only)
    with pytest.raises(ValueError, match="No installed font has the characters") as raised:
        choose_families(["ab", label])
    assert named in str(raised.value)
    assert f"Install one that has, on Debian: `apt install {package}" in str(raised.value)
    assert "Or give `font`, the file or family of another." in str(raised.value)


def test_of_many_missing_characters_ten_are_shown() -> None:
    letters = "".join(map(chr, range(0x0905, 0x0905 + 12)))
    with pytest.raises(ValueError, match=r"'ऎ' \(DEVANAGARI LETTER SHORT E\) and 2 more\."):
        choose_families([letters])


def test_an_unknown_font_is_told_near_names() -> None:
    message = (
        "`font` must be the family of an installed font or a font's file. "
        "Received: 'DejaVu San'. Near it: 'DejaVu Sans', "
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        choose_families(["a"], font="DejaVu San")
    with pytest.raises(ValueError, match=r"Received: 'Qxzw'\.$"):
        choose_families(["a"], font="Qxzw")


def test_a_file_that_is_no_font_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    for content in (None, b"not a font"):
        if content is not None:
            path.write_bytes(content)
        message = f"`font` must be a font that can be drawn. Received: {str(path)!r}."
        with pytest.raises(ValueError, match=re.escape(message)):
            choose_families(["a"], font=str(path))
