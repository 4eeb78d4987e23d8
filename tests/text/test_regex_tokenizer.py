from typing import Any

import pytest

from kerasseq.text import RegexTokenizer, TextCodec


def pieces_of(text: str, **options: Any) -> list[str]:
    codec = TextCodec.train([text], tokenizer="regex", **options)
    return [piece.decode() for piece in codec.tokenize([text])[0].numpy()]


def test_by_default_digits_spaces_and_symbols_stand_alone() -> None:
    assert pieces_of("på 2024-05!") == ["på", " ", "2", "0", "2", "4", "-", "0", "5", "!"]


@pytest.mark.parametrize(
    ("pattern", "text", "pieces"),
    [
        (r"\d", "ab12c", ["ab", "1", "2", "c"]),
        (r"\d+", "ab12c", ["ab", "12", "c"]),
        ("tʃ|.", "tʃɪp", ["tʃ", "ɪ", "p"]),
        ("(?i)(x)(y)?", "aXYbx", ["a", "XY", "b", "x"]),
        (r"\x00|\n", "a\0b\nc", ["a", "\0", "b", "\n", "c"]),
        ("z*", "på", ["p", "å"]),  # an empty match cuts as well
        ("q", "no match", ["no match"]),
    ],
)
def test_a_match_is_a_piece_and_so_is_what_stands_between(
    pattern: str, text: str, pieces: list[str]
) -> None:
    assert pieces_of(text, pattern=pattern) == pieces
    assert "".join(pieces) == text


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("(", r"missing \): \($"), ("(?=a)", r"invalid perl operator: \(\?=$"), ("\ud800", "utf-8")],
)
def test_a_pattern_that_does_not_compile_is_refused_with_the_reason(
    pattern: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=rf"RE2 syntax .* Received: .* compile: .*{reason}"):
        RegexTokenizer(pattern)


def test_a_pattern_that_cuts_characters_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between characters, as `pattern` with \\C does not"):
        TextCodec.train(["漢字"], tokenizer="regex", pattern=r"\C")


def test_a_pattern_must_be_a_string() -> None:
    with pytest.raises(TypeError, match=r"`pattern` must be a string\. Received: 3"):
        RegexTokenizer(3)  # type: ignore[arg-type]
