"""decode(encode(text)) == normalize(text), for any text of Unicode."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseq.text import TextCodec
from kerasseq.typing import Tensor

# What breaks tokenizers, beside any character at all.
SNIPPETS = [
    *("e\u0301", "o\u0323\u0302", "\u0301", "ﬁ", "①", "İ", "H\u0331", "ΟΔΟΣ", "K"),
    *("👨\u200d👩\u200d👧", "👍🏽", "❤\ufe0f", "🇸🇪", "\U0010ffff", "𝒳"),
    *("שלום", "مرحبا", "\u202eabc\u202c", "می\u200cخواهم", "日本語", "नमस्ते"),
    *(" ", "   ", "\t", "\n", "\r\n", "\v", "\x85", "\xa0", "\u2028", "\u3000", "\u200b", "\x1f"),
    *("\0", "\x01", "\x7f", "\ufeff", "\ufffd", "\uffff", "▁", "￭", "⁇", "▅", "_", "■"),
    *("</s>", "<unk>", "<pad>", "Hello, world!", "don't", "(a)", '"?!"', "3.14", "a-b"),
]
texts_of_unicode = st.lists(
    st.lists(
        st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=4), st.text("ab ,.!", max_size=4)),
        max_size=6,
    ).map("".join),
    min_size=1,
    max_size=8,
).filter(any)
examples = settings(max_examples=40, deadline=None, derandomize=True, database=None)
few_examples = settings(examples, max_examples=15)
OPTIONS = [("none", False), ("nfc", False), ("nfkc", True), ("none", True)]


def trained(texts: list[str], tokenizer: str, normalization: str, lowercase: bool) -> TextCodec:
    """A codec that knows every piece of `texts`; a letter keeps the corpus from being empty."""
    return TextCodec.train(
        ["a", *texts], tokenizer, 10_000, normalization=normalization, lowercase=lowercase
    )


def there_and_back(codec: TextCodec, texts: list[str]) -> list[str]:
    return strings(codec.decode(codec.encode(texts)))


def strings(tensor: Tensor) -> list[str]:
    return [text.decode() for text in tensor.numpy()]


@pytest.mark.parametrize("tokenizer", ["character", "byte", "regex"])
@given(texts_of_unicode)
@examples
def test_characters_bytes_and_patterns_give_the_text_itself(
    tokenizer: str, texts: list[str]
) -> None:
    codec = trained(texts, tokenizer, "none", False)

    assert strings(codec.normalize(texts)) == texts
    assert there_and_back(codec, texts) == texts


@pytest.mark.parametrize(("normalization", "lowercase"), OPTIONS)
@pytest.mark.parametrize("tokenizer", ["character", "byte", "word", "regex"])
@given(texts_of_unicode)
@few_examples
def test_every_tokenizer_gives_the_normalized_text(
    tokenizer: str, normalization: str, lowercase: bool, texts: list[str]
) -> None:
    codec = trained(texts, tokenizer, normalization, lowercase)
    normalized = strings(codec.normalize(texts))

    assert there_and_back(codec, texts) == normalized
    assert strings(codec.normalize(normalized)) == normalized


@pytest.mark.parametrize(("normalization", "lowercase"), OPTIONS)
@given(texts_of_unicode)
@few_examples
def test_subwords_give_the_normalized_text(
    normalization: str, lowercase: bool, texts: list[str]
) -> None:
    # SentencePiece keeps three characters to itself: they are in no vocabulary.
    texts = [text.translate({0: "", 0x1F: "", ord("▅"): ""}) for text in texts]
    codec = trained([*texts, "<>/ s u n k p d"], "subword", normalization, lowercase)
    normalized = strings(codec.normalize(texts))

    assert there_and_back(codec, texts) == normalized
    assert strings(codec.normalize(normalized)) == normalized


@pytest.mark.parametrize("tokenizer", ["character", "byte", "word", "regex", "subword"])
@given(st.lists(st.one_of(st.binary(max_size=8), st.text(st.characters(), max_size=4)), max_size=4))
@examples
def test_no_bytes_and_no_surrogates_crash_a_codec_of_other_text(
    codecs: dict[str, TextCodec], tokenizer: str, texts: list[str | bytes]
) -> None:
    codec = codecs[tokenizer]
    encoded = codec.encode(texts)

    assert encoded.nrows() == len(texts)
    assert len(strings(codec.decode(encoded))) == len(texts)
    assert codec.tokenize(texts).row_lengths().numpy().tolist() == (
        encoded.row_lengths().numpy().tolist()
    )


@pytest.mark.parametrize("tokenizer", ["character", "byte", "word", "regex", "subword"])
@given(st.lists(st.lists(st.integers(-3, 300), max_size=8), max_size=3))
@few_examples
def test_any_ids_decode_to_valid_text(
    codecs: dict[str, TextCodec], tokenizer: str, token_ids: list[list[int]]
) -> None:
    assert len(strings(codecs[tokenizer].decode(token_ids))) == len(token_ids)
