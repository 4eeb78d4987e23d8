import pytest

from kerasseq.text import SPECIAL_TOKENS, TextCodec


def test_ids_are_the_bytes_behind_the_special_ids(codecs: dict[str, TextCodec]) -> None:
    assert codecs["byte"].encode(["på", "", "\0"]).to_list() == [
        [4 + byte for byte in "på".encode()],
        [],
        [4],
    ]


def test_the_vocabulary_is_the_256_bytes_whatever_the_corpus(codecs: dict[str, TextCodec]) -> None:
    vocabulary = codecs["byte"].vocabulary

    assert len(vocabulary) == 260
    assert vocabulary[:4] == list(SPECIAL_TOKENS)
    assert vocabulary[4 + ord("A")] == "A"
    assert vocabulary[4 + ord(" ")] == "<0x20>"
    assert vocabulary[4 + 0xC3] == "<0xC3>"
    assert TextCodec.train(["other"], tokenizer="byte").vocabulary == vocabulary


def test_a_text_that_was_never_seen_comes_back(codecs: dict[str, TextCodec]) -> None:
    codec = codecs["byte"]
    text = "ꦱꦸꦫꦧꦪ \U0010ffff\r\n"

    assert codec.decode(codec.encode([text])).numpy()[0].decode() == text


def test_ids_that_make_no_utf8_are_decoded_with_a_replacement(codecs: dict[str, TextCodec]) -> None:
    broken = [[4 + ord("a"), 4 + 0xC3, 4 + ord("b")], [1]]

    decoded = [text.decode() for text in codecs["byte"].decode(broken).numpy()]

    assert decoded == ["a\ufffdb", "⁇"]


def test_messages_of_a_vocabulary_that_is_not_the_bytes() -> None:
    with pytest.raises(ValueError, match=r"`vocabulary_size` must be .* least 260\. Received: 259"):
        TextCodec.train(["a"], tokenizer="byte", vocabulary_size=259)
    with pytest.raises(ValueError, match=r"of the ByteTokenizer, 260 pieces .* Received: 5 pieces"):
        TextCodec("byte", [*SPECIAL_TOKENS, "a"])


def test_the_bytes_in_another_order_are_another_vocabulary() -> None:
    vocabulary = TextCodec.train(["a"], tokenizer="byte").vocabulary
    turned_round = [*SPECIAL_TOKENS, *vocabulary[:3:-1]]

    with pytest.raises(ValueError, match="Received: 260 pieces, at least one of them another"):
        TextCodec("byte", turned_round)
