import pytest

from kerasseq.visualization.labels import visible, visible_title


@pytest.mark.parametrize(
    ("token", "label"),
    [
        ("house", "house"),
        ("▁house", "▁house"),
        ("日本", "日本"),
        ("", "∅"),
        (" ", "␣"),
        ("\n", "↵"),
        ("a b", "a␣b"),
        ("\u00a0", "U+00A0"),
        ("\x00", "U+0000"),
        ("\ud800", "U+D800"),  # half a pair: no font can draw it
        ("\u0301", "◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("$x_1$", "$x_1$"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("x" * 32, "x" * 32),
        ("x" * 33, "x" * 31 + "…"),
    ],
)
def test_what_cannot_be_seen_gets_a_mark_and_all_else_stays(token: str, label: str) -> None:
    assert visible(token) == label


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("", ""),
        ("The cat sleeps.", "The cat sleeps."),
        ("a\u3000b", "a b"),
        ("a\tb\u00a0c", "a b c"),
        ("a\x07b", "aU+0007b"),
        ("one\ntwo", "one\ntwo"),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_title_is_a_text_of_spaces_and_marks(title: str, label: str) -> None:
    assert visible_title(title) == label
