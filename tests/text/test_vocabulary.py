import pytest
import tensorflow as tf

from kerasseq.text import SPECIAL_TOKENS, UNKNOWN_ID, UNKNOWN_MARKER, Vocabulary
from kerasseq.text.vocabulary import most_frequent_pieces


def split(texts: tf.Tensor) -> tf.RaggedTensor:
    return tf.strings.unicode_split(texts, "UTF-8")


def test_the_position_is_the_id_and_what_is_not_there_is_unknown() -> None:
    vocabulary = Vocabulary([*SPECIAL_TOKENS, "a", "b"])

    ids = vocabulary.ids(tf.ragged.constant([["b", "x"], [], ["a"]]))

    assert len(vocabulary) == 6
    assert ids.dtype == tf.int32
    assert ids.to_list() == [[5, UNKNOWN_ID], [], [4]]


def test_special_tokens_are_shown_but_never_found() -> None:
    vocabulary = Vocabulary([*SPECIAL_TOKENS, "a"])
    pieces = tf.ragged.constant([list(SPECIAL_TOKENS)])

    assert vocabulary.ids(pieces).to_list() == [[UNKNOWN_ID] * 4]
    shown = vocabulary.tokens(tf.ragged.constant([[0, 1, 2, 3]], dtype=tf.int32))
    assert shown.to_list() == [[b"<pad>", b"<unk>", b"<s>", b"</s>"]]


def test_an_unknown_id_is_written_as_its_marker() -> None:
    vocabulary = Vocabulary([*SPECIAL_TOKENS, "a"])

    written = vocabulary.written(tf.ragged.constant([[4, 1]], dtype=tf.int32))

    assert written.to_list() == [[b"a", UNKNOWN_MARKER.encode()]]


def test_a_word_that_looks_like_a_special_token_has_its_own_id() -> None:
    vocabulary = Vocabulary([*SPECIAL_TOKENS, "</s>"])

    assert vocabulary.ids(tf.ragged.constant([["</s>"]])).to_list() == [[4]]


def test_the_most_frequent_pieces_come_first_and_ties_go_by_code_point() -> None:
    texts = ["bca", "zc", "\U0001f600\uffff"]

    pieces = most_frequent_pieces(tf.constant(texts), split, 100)

    assert pieces == ["c", "a", "b", "z", "\uffff", "\U0001f600"]
    assert most_frequent_pieces(tf.constant(texts[::-1]), split, 100) == pieces


def test_the_size_counts_the_special_tokens() -> None:
    assert most_frequent_pieces(tf.constant(["aab"]), split, 5) == ["a"]


def test_messages_of_a_bad_vocabulary() -> None:
    with pytest.raises(ValueError, match=r"start with \('<pad>', .*\)\. Received: \('a', 'b'\)\."):
        Vocabulary(["a", "b"])
    with pytest.raises(ValueError, match=r"each piece once\. Received twice: \['b'\]"):
        Vocabulary([*SPECIAL_TOKENS, "a", "b", "b"])
    with pytest.raises(ValueError, match="must hold a piece besides the special tokens"):
        Vocabulary(SPECIAL_TOKENS)
    with pytest.raises(TypeError, match=r"`vocabulary\[4\]` must be a string\. Received: 7"):
        Vocabulary([*SPECIAL_TOKENS, 7])  # type: ignore[list-item]


def test_a_corpus_is_counted_whole_however_many_texts_are_cut_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kerasseq.text.vocabulary._TEXTS_AT_A_TIME", 2)
    texts = tf.constant(["b", "ab", "c", "bc", "d"])

    assert most_frequent_pieces(texts, split, 100) == ["b", "c", "a", "d"]
