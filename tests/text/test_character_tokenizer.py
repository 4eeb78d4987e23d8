import pytest

from kerasseq.text import SPECIAL_TOKENS, TextCodec


def test_a_piece_is_a_code_point() -> None:
    codec = TextCodec.train(["e\u0301 😀"], tokenizer="character")

    pieces = codec.tokenize(["e\u0301 😀"]).to_list()

    assert [piece.decode() for piece in pieces[0]] == ["e", "\u0301", " ", "😀"]


def test_the_vocabulary_is_ordered_by_frequency_then_code_point() -> None:
    codec = TextCodec.train(["banana", "cab"], tokenizer="character")

    assert codec.vocabulary == [*SPECIAL_TOKENS, "a", "b", "n", "c"]


def test_the_size_caps_the_vocabulary_and_the_rest_is_unknown() -> None:
    codec = TextCodec.train(["banana"], tokenizer="character", vocabulary_size=6)

    assert codec.vocabulary_size == 6
    assert codec.encode(["ban"]).to_list() == [[1, 4, 5]]
    assert codec.decode(codec.encode(["ban"])).numpy()[0].decode() == "⁇an"


def test_an_option_it_does_not_have_is_an_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="`tokenizer: character` has no option 'pattern'"):
        TextCodec.train(["a"], tokenizer="character", pattern=".")
