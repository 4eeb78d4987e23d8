from typing import Any

import pytest

from kerasseq.text import TextCodec


def pieces_of(text: str, **options: Any) -> list[str]:
    codec = TextCodec.train([text], tokenizer="word", **options)
    return [piece.decode() for piece in codec.tokenize([text])[0].numpy()]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello, world!", ["Hello", "￭,", "world", "￭!"]),
        ("a (big) one", ["a", "(￭", "big", "￭)", "one"]),
        ("well-known", ["well", "￭-￭", "known"]),
        ("yes - no", ["yes", "-", "no"]),
        ('"Hi," he', ['"￭', "Hi", "￭,", '￭"', "he"]),
        ("what?!", ["what", "￭?", "￭!"]),
        ("...", [".", "￭.", "￭."]),
        ("3.14 snake_case", ["3", "￭.￭", "14", "snake_case"]),
        ("e\u0301t, می\u200cخواهم", ["e\u0301t", "￭,", "می\u200cخواهم"]),
        ("hi 👨\u200d👩\u200d👧!", ["hi", "👨\u200d👩\u200d👧", "￭!"]),
        ("👍🏽❤\ufe0fx", ["👍🏽", "￭❤\ufe0f￭", "x"]),
    ],
)
def test_symbols_carry_the_spacing_and_words_do_not(text: str, pieces: list[str]) -> None:
    assert pieces_of(text) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world!",
        'He said: "Don\'t (ever) do it..." - twice!?',
        "C'est l'été, n'est-ce pas ?",
        "¿Qué? ¡No!",
        "a+b = c*d/2 #tag @user 50%",
        "שלום, עולם!",
        "!",
    ],
)
def test_a_text_comes_back_with_its_own_spacing(text: str) -> None:
    codec = TextCodec.train([text], tokenizer="word")

    assert codec.decode(codec.encode([text])).numpy()[0].decode() == text


def test_white_space_is_collapsed_and_a_joiner_in_the_text_replaced() -> None:
    codec = TextCodec.train(["a b ■"], tokenizer="word")

    assert codec.normalize(["  a\t\n b \u3000￭ "]).numpy()[0].decode() == "a b ■"


def test_an_unknown_word_leaves_its_neighbours_as_they_are(codecs: dict[str, TextCodec]) -> None:
    codec = codecs["word"]

    assert codec.decode(codec.encode(["Hello, stranger!"])).numpy()[0].decode() == "Hello, ⁇!"
    assert codec.tokenize(["stranger"]).to_list() == [[b"stranger"]]


def test_without_splitting_punctuation_pieces_are_what_spaces_divide() -> None:
    codec = TextCodec.train(["AA1 R T IY", "3: {@ ￭"], tokenizer="word", split_punctuation=False)

    assert codec.tokenize(["AA1  R"]).to_list() == [[b"AA1", b"R"]]
    assert codec.vocabulary[4:] == ["3:", "AA1", "IY", "R", "T", "{@", "￭"]
    assert codec.decode(codec.encode(["AA1 R T  IY", "{@ 3: ￭"])).numpy().tolist() == [
        b"AA1 R T IY",
        "{@ 3: ￭".encode(),
    ]


def test_a_word_that_says_the_end_is_no_end() -> None:
    codec = TextCodec.train(["<s> a </s>"], tokenizer="word", split_punctuation=False)

    assert codec.encode(["</s>"]).to_list() == [[4]]
    assert codec.decode(codec.encode(["a </s> a"])).numpy().tolist() == [b"a </s> a"]


def test_joiners_that_a_model_puts_anywhere_leave_no_trace() -> None:
    codec = TextCodec.train(["a, (b)!"], tokenizer="word")
    ids = {piece: i for i, piece in enumerate(codec.vocabulary)}

    decoded = codec.decode([[ids["￭,"], ids["a"], ids["(￭"]], [ids["(￭"], ids["￭)"], ids["b"]]])

    assert decoded.numpy().tolist() == [b", a (", b"() b"]


def test_message_of_a_wrong_option() -> None:
    with pytest.raises(TypeError, match=r"`split_punctuation` must be True or False.*'no'"):
        TextCodec.train(["a"], tokenizer="word", split_punctuation="no")
