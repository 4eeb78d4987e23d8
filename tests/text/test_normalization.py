import sys

import pytest
import tensorflow as tf

from kerasseq.text.normalization import (
    WHITE_SPACE,
    collapse_white_space,
    import_tensorflow_text,
    normalize,
)


def normalized(text: str | bytes, normalization: str = "none", lowercase: bool = False) -> str:
    return normalize(tf.constant([text]), normalization, lowercase).numpy()[0].decode()


def test_none_leaves_every_character_as_it_is() -> None:
    characters = [chr(code).encode() for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = tf.constant(characters)

    assert bool(tf.reduce_all(normalize(texts, "none", False) == texts))


@pytest.mark.parametrize(
    "broken",
    [b"\xff", b"a\xc3", b"\xed\xa0\x80x", b"\xf0\x9f\x98z", b"\xc0\x80", b"\xf4\x90\x80\x80"],
)
def test_what_is_not_utf8_is_replaced_as_python_replaces_it(broken: bytes) -> None:
    assert normalized(broken) == broken.decode("utf-8", "replace")


def test_nfc_composes_and_nfkc_also_folds_compatibility_forms() -> None:
    text = "e\u0301 ﬁ ①"

    assert normalized(text, "none") == text
    assert normalized(text, "nfc") == "é ﬁ ①"
    assert normalized(text, "nfkc") == "é fi 1"


def test_the_form_holds_after_lower_case() -> None:
    # h with a line below is one character in lower case alone.
    assert normalized("H\u0331", "nfc", lowercase=True) == "\u1e96"
    assert normalized("H\u0331", "none", lowercase=True) == "h\u0331"


def test_all_of_unicodes_white_space_collapses_to_one_space() -> None:
    spaces = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
    texts = tf.constant([f"{spaces}a{spaces}b c{spaces}", spaces, "", "a\u200bb\x1fc"])

    result = [text.decode() for text in collapse_white_space(texts).numpy()]

    assert result == ["a b c", "", "", "a\u200bb\x1fc"]
    assert bool(tf.reduce_all(tf.strings.regex_full_match(list(spaces), WHITE_SPACE)))


def test_a_missing_tensorflow_text_says_what_needs_it_and_what_goes_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)

    with pytest.raises(ImportError, match=r"^The sub.* needs the package tensorflow-text, .* byte"):
        import_tensorflow_text("The subword tokenizer")
    with pytest.raises(ImportError, match=r"^normalization='nfc' needs the package"):
        normalize(tf.constant(["a"]), "nfc", False)
    assert normalized("A", lowercase=True) == "a"
