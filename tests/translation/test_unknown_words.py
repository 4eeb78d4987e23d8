from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.search import SearchResult
from kerasseq.text import TextCodec
from kerasseq.translation.unknown_words import replace_unknown, words_of_tokens

UNKNOWN, END, KNOWN = 1, 3, 4
CODEC = TextCodec.train(["saw"], tokenizer="word")


def result(token_ids: list[list[int]], most_attended: list[list[int]], width: int) -> SearchResult:
    """Hypotheses with all attention on one source position a step."""
    ids = np.array(token_ids, "int32")[:, None]
    lengths = np.sum(ids != 0, axis=-1).astype("int32")
    weights = np.eye(width, dtype="float32")[np.array(most_attended)][:, None]
    zeros = np.zeros(ids.shape, "float32")
    return SearchResult(ids, lengths, zeros[..., 0], zeros[..., 0] == 0, zeros, weights)


def fill(
    outputs: list[str], found: SearchResult, words: list[list[str]], codec: TextCodec = CODEC
) -> list[str]:
    texts = tf.constant([[output] for output in outputs])
    filled = replace_unknown(texts, found, tf.constant(words), codec)
    return [row[0].decode() for row in filled.numpy()]


def test_each_marker_gets_the_word_of_its_own_step() -> None:
    found = result([[UNKNOWN, KNOWN, UNKNOWN, END]], [[2, 0, 1, 0]], 4)
    words = [["Bo", "Ann", "Cy", ""]]
    assert fill(["⁇ saw ⁇."], found, words) == ["Cy saw Ann."]


def test_what_was_forced_is_no_word_of_the_source() -> None:
    found = result(
        [[UNKNOWN, KNOWN, UNKNOWN, END], [KNOWN, UNKNOWN, END, 0]], [[1, 0, 0, 0]] * 2, 2
    )
    texts, words = tf.constant([["⁇ saw ⁇."], ["I ⁇"]]), tf.constant([["Bo", "Ann"]] * 2)
    filled = replace_unknown(texts, found, words, CODEC, tf.constant([2, 0]))
    assert [row[0].decode() for row in filled.numpy()] == ["⁇ saw Bo.", "I Bo"]


def test_rows_without_unknown_tokens_and_empty_ones_stay() -> None:
    found = result([[KNOWN, END], [END, 0], [UNKNOWN, END]], [[0, 0], [0, 0], [1, 0]], 2)
    words = [["x", ""], ["y", ""], ["z", "w"]]
    assert fill(["a", "", "⁇"], found, words) == ["a", "", "w"]


def test_the_end_of_the_source_is_no_word() -> None:
    found = result([[UNKNOWN, END]], [[1, 0]], 2)
    little = np.array([[[[0.1, 0.9], [0.5, 0.5]]]], "float32")
    assert fill(["⁇"], found._replace(attention_weights=little), [["Ann", ""]]) == ["Ann"]
    assert fill(["⁇"], found, [["Ann", ""]]) == ["⁇"]  # no word has any weight
    assert fill(["⁇"], found, [["", ""]]) == ["⁇"]


def test_without_attention_the_marker_stays() -> None:
    found = result([[UNKNOWN, END]], [[0, 0]], 2)
    nothing = found._replace(attention_weights=0 * found.attention_weights)
    assert fill(["⁇"], nothing, [["Ann", ""]]) == ["⁇"]


@pytest.mark.parametrize("tokenizer", ["word", "character"])
def test_a_marker_that_is_a_token_of_the_text_stays(tokenizer: str) -> None:
    codec = TextCodec.train(["⁇ ⁇"], tokenizer=tokenizer, vocabulary_size=30)
    token = codec.vocabulary.index("⁇")
    found = result([[token, END, 0], [token, UNKNOWN, END]], [[0, 0, 0]] * 2, 2)
    assert fill(["⁇", "⁇ ⁇"], found, [["Ann", ""]] * 2, codec) == ["⁇", "⁇ Ann"]


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [("word", ["hello", "Bob", ",", "you"]), ("character", list("hello Bob, you"))],
)
def test_a_token_is_its_own_word_even_if_it_is_unknown(tokenizer: str, expected: list[str]) -> None:
    codec = TextCodec.train(["hello you"], tokenizer=tokenizer, vocabulary_size=30)
    assert words("hello Bob, you", codec) == [*expected, ""]


def test_subword_pieces_give_the_whole_word_as_it_stands_in_the_text() -> None:
    codec = TextCodec.train(["hello you there"] * 3, tokenizer="subword", vocabulary_size=24)
    found = words("hello  Bob, you", codec)
    assert list(dict.fromkeys(found)) == ["hello", "Bob,", "you", ""]
    assert len(found) == len(codec.encode(["hello  Bob, you"])[0]) + 1


def test_a_codec_made_by_config_gives_whole_words_too() -> None:
    trained = TextCodec.train(["hello you there"] * 3, tokenizer="subword", vocabulary_size=24)
    config = trained.get_config()["tokenizer"]["config"]
    codec = TextCodec({"name": "subword", **config}, trained.vocabulary)
    assert words("hello Bob", codec) == words("hello Bob", trained)


@pytest.mark.parametrize("tokenizer", ["word", "subword", "character"])
def test_a_codec_of_lower_case_gives_words_as_they_are_written(tokenizer: str) -> None:
    codec = TextCodec.train(
        ["hello you there"] * 3, tokenizer=tokenizer, vocabulary_size=24, lowercase=True
    )
    if tokenizer == "character":
        assert "".join(words("Hello Bob", codec)) == "Hello Bob"
        assert "".join(words("Bo İ", codec)) == "bo i\u0307"  # one more than are written
    else:
        assert list(dict.fromkeys(words("Hello Bob İ", codec))) == ["Hello", "Bob", "İ", ""]


def words(text: str, codec: TextCodec) -> list[str]:
    ids = tf.concat([codec.encode([text]).to_tensor(), [[codec.end_id]]], axis=1)
    return [word.decode() for word in words_of_tokens(tf.constant([text]), ids, codec)[0].numpy()]


def test_python_and_the_saved_file_replace_alike(
    make_translator: Callable[..., kerasseq.Translator], tmp_path: Path
) -> None:
    plain = make_translator(search="greedy")
    translator = make_translator(search="greedy", replace_unknown=True)
    translator.save(tmp_path / "model.keras")
    loaded = kerasseq.Translator.load(tmp_path / "model.keras")
    texts = ["hello", "a hat", "", "zzz"]
    ours = [each.text for each in translator(texts)]
    assert ours == [each.text for each in loaded(texts)]
    marked = [each.text for each in plain(texts)]
    for before, after in zip(marked, ours, strict=True):
        assert "⁇" not in after or not before.strip("⁇ ")
        assert before == after if "⁇" not in before else before != after


def test_where_a_long_text_is_cut_its_end_is_no_word() -> None:
    codec = TextCodec.train(["hello you there"], tokenizer="word")
    cut = tf.constant([[*codec.encode(["hello Bob"]).to_list()[0], codec.end_id]])
    found = words_of_tokens(tf.constant(["hello Bob you"]), cut, codec)
    assert [word.decode() for word in found[0].numpy()] == ["hello", "Bob", ""]


def test_each_text_of_a_batch_has_its_own_words() -> None:
    codec = TextCodec.train(["hello you there"] * 3, tokenizer="subword", vocabulary_size=24)
    texts = ["hello  Bob", "", "Ann, there", "you"]
    padded = codec.encode(texts).to_tensor()
    found = words_of_tokens(tf.constant(texts), padded, codec).numpy()
    for text, row in zip(texts, found, strict=True):
        of_batch = [word.decode() for word in row if word]
        assert of_batch == words(text, codec)[:-1]
        assert list(dict.fromkeys(of_batch)) == text.split()


def test_a_word_has_the_unicode_form_of_the_codec_and_the_case_of_the_text() -> None:
    codec = TextCodec.train(["hello"], "word", normalization="nfkc", lowercase=True)
    assert words("ﬁNE hello", codec) == ["fiNE", "hello", ""]


def test_a_byte_stands_for_its_character() -> None:
    codec = TextCodec.train(["any"], tokenizer="byte")
    assert words("på £", codec) == ["p", "å", "å", " ", "£", "£", ""]


def test_signs_that_a_text_has_of_its_own_stay_on_its_words() -> None:
    corpora = TextCodec.train(["a ￭b"], tokenizer="word", split_punctuation=False)
    assert words("a ￭zzz ▁", corpora) == ["a", "￭zzz", "▁", ""]
    assert words("a▁￭", TextCodec.train(["a"], tokenizer="character")) == ["a", "▁", "￭", ""]
    subwords = TextCodec.train(["a ￭b"], tokenizer="subword")
    assert list(dict.fromkeys(words("a ￭b", subwords))) == ["a", "￭b", ""]
