import numpy as np
import pytest
import tensorflow as tf

from kerasseq.text.inputs import as_padded_ids, as_texts


def test_str_bytes_arrays_and_tensors_are_the_same_texts() -> None:
    expected = ["på".encode(), b""]
    for texts in (
        ["på", ""],
        ("på".encode(), b""),
        ["på", b""],
        np.array(["på", ""]),
        np.array(["på".encode(), b""], dtype=object),
        tf.constant(["på", ""]),
    ):
        assert as_texts(texts).numpy().tolist() == expected


def test_an_empty_list_is_an_empty_batch_of_strings() -> None:
    texts = as_texts([])

    assert texts.shape == (0,)
    assert texts.dtype == tf.string


def test_a_null_character_does_not_end_a_text() -> None:
    assert as_texts(["a\0b\0"]).numpy().tolist() == [b"a\0b\0"]


def test_a_surrogate_alone_is_replaced_and_a_pair_is_joined() -> None:
    texts = as_texts(["a\ud800b", "\udc80", "\ud83d\ude00", "\ud800"])

    assert [text.decode() for text in texts.numpy()] == ["a\ufffdb", "\ufffd", "😀", "\ufffd"]


@pytest.mark.parametrize("text", ["hello", b"hello"])
def test_one_string_is_no_batch(text: str | bytes) -> None:
    with pytest.raises(TypeError, match=r"not one string\. Received: b?'hello'\. Write `\[text\]`"):
        as_texts(text)


def test_a_long_text_is_shortened_in_the_message() -> None:
    with pytest.raises(TypeError, match=r"Received: 'x{56}\.\.\.\. Write"):
        as_texts("x" * 1000)


def test_what_is_not_text_is_named_with_its_position() -> None:
    with pytest.raises(TypeError, match=r"strings alone\. Received: 3 at position 1"):
        as_texts(["one", 3])
    with pytest.raises(TypeError, match=r"Received: \['nested'\] at position 0"):
        as_texts([["nested"]])
    with pytest.raises(TypeError, match=r"`texts` must be a list of strings\. Received: 3\."):
        as_texts(3)


def test_tensors_of_another_type_or_shape_are_refused() -> None:
    with pytest.raises(TypeError, match=r"`texts` must be strings\. Received: a tensor of int32"):
        as_texts(tf.constant([1]))
    with pytest.raises(ValueError, match=r"shape \(batch,\)\. Received: a tensor of shape \(\)"):
        as_texts(tf.constant("hello"))
    with pytest.raises(ValueError, match=r"Received: a tensor of shape \(1, 2\)"):
        as_texts(tf.constant([["a", "b"]]))


def test_token_ids_of_any_kind_become_one_padded_tensor() -> None:
    expected = [[4, 5], [6, 0]]
    for token_ids in (
        [[4, 5], [6]],
        [np.array([4, 5]), [6]],
        tf.ragged.constant([[4, 5], [6]]),
        tf.constant([[4, 5], [6, 0]], tf.int64),
        np.array([[4, 5], [6, 0]]),
    ):
        padded = as_padded_ids(token_ids)
        assert padded.dtype == tf.int32
        assert padded.numpy().tolist() == expected


def test_an_id_that_needs_more_bits_becomes_no_other_one() -> None:
    wide = np.array([[2**32 + 5, 2**63 - 1, -(2**40), 5]])
    assert as_padded_ids(wide).numpy().tolist() == [[2**31 - 1, 2**31 - 1, -1, 5]]
    unsigned = np.array([[2**64 - 1, 2**32 + 5, 5]], np.uint64)
    assert as_padded_ids(unsigned).numpy()[0, 2] == 5
    assert 5 not in as_padded_ids(unsigned).numpy()[0, :2]


def test_no_rows_and_empty_rows_are_fine() -> None:
    assert as_padded_ids([]).shape == (0, 0)
    assert as_padded_ids([[], []]).shape == (2, 0)
    assert as_padded_ids([[], [4]]).numpy().tolist() == [[0], [4]]


def test_rows_keep_the_type_of_their_integers() -> None:
    unsigned = [np.array([4, 5], np.uint64), [], np.array([6], np.uint64)]
    assert as_padded_ids(unsigned).numpy().tolist() == [[4, 5], [0, 0], [6, 0]]


def test_token_ids_of_another_type_or_shape_are_refused() -> None:
    with pytest.raises(TypeError, match=r"`token_ids` must be integers\. Received: .* float32"):
        as_padded_ids(tf.constant([[1.0]]))
    with pytest.raises(ValueError, match=r"\(batch, length\)\. Received: shape \(2,\)\. Write"):
        as_padded_ids(tf.constant([4, 5]))
    with pytest.raises(ValueError, match=r"one list of ids a row\. Received: 4 at position 0"):
        as_padded_ids([4, 5])
