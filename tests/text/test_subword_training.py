import pytest

from kerasseq.text import SPECIAL_TOKENS
from kerasseq.text.subword_training import train_unigram


def pieces_of(model: bytes) -> list[str]:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


@pytest.mark.parametrize(
    "texts", [["a"], ["a b"], ["x" * 50], ["hello world"] * 3, ["</s> <s>"], ["a▅b"], ["a\0b"]]
)
def test_a_small_corpus_gives_a_smaller_vocabulary(texts: list[str]) -> None:
    pieces = pieces_of(train_unigram(texts, 2000, None))

    assert pieces[:4] == list(SPECIAL_TOKENS)
    assert 4 < len(pieces) < 20


def test_the_same_corpus_gives_the_same_bytes(corpus: list[str]) -> None:
    assert train_unigram(corpus, 100, None) == train_unigram(corpus, 100, None)


def test_a_long_text_is_not_dropped() -> None:
    assert "ö" in pieces_of(train_unigram(["a b", "a " * 5000 + "ö"], 50, None))


def test_by_default_the_most_frequent_characters_take_three_quarters_of_the_vocabulary() -> None:
    frequent = [chr(0x4E00 + i) for i in range(23)]
    rare = [chr(0x6E00 + i) for i in range(100)]
    texts = [" ".join(frequent) for _ in range(20)] + rare

    pieces = pieces_of(train_unigram(texts, 32, None))

    assert set(frequent) <= set(pieces)
    assert not set(rare) & set(pieces)
    assert len(pieces) <= 32


def test_coverage_is_the_share_of_the_corpus_that_is_spelt() -> None:
    texts = ["a" * 10] * 8 + ["b" * 10] + ["cdefghijkl"]  # 100 characters

    def characters(coverage: float) -> set[str]:
        pieces = pieces_of(train_unigram(texts, 100, coverage))[4:]
        return {piece for piece in pieces if len(piece) == 1}

    assert characters(0.80) == {"a", "▁"}
    assert characters(0.81) == {"a", "b", "▁"}
    assert characters(0.90) == {"a", "b", "▁"}
    assert characters(1.0) == set("abcdefghijkl▁")


def test_characters_that_must_be_covered_and_do_not_fit_are_an_error() -> None:
    texts = ["abcdefghijklmnopqrstuvwxyz"]

    with pytest.raises(
        ValueError, match=r"at least 31: 26 .*coverage=1\.0, .* Received: 20\. Raise"
    ):
        train_unigram(texts, 20, 1.0)
    with pytest.raises(ValueError, match=r"integer of at least 16\. Received: 15"):
        train_unigram(texts, 15, None)


@pytest.mark.parametrize("text", ["▅", "\0\x1f"])
def test_a_corpus_of_characters_that_are_never_pieces_has_the_space_alone(text: str) -> None:
    assert pieces_of(train_unigram([text], 100, None)) == [*SPECIAL_TOKENS, "▁"]


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_a_special_token_in_a_text_is_characters_like_others(token: str) -> None:
    pieces = pieces_of(train_unigram([f"a {token} b"] * 20, 100, None))

    assert pieces[:4] == list(SPECIAL_TOKENS)
    assert set(token) <= set("".join(pieces[4:]))
    assert token not in pieces[4:]
    assert len(set(pieces)) == len(pieces)
