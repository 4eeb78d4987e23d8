import copy
import json
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq.text import SPECIAL_TOKENS, TOKENIZERS, CharacterTokenizer, TextCodec
from kerasseq.typing import Tensor

TEXTS = ["Hello, world!", "", "  Jag är\n trött\0", "👨\u200d👩\u200d👧 e\u0301", b"\xff\xfe ok"]
each_tokenizer = pytest.mark.parametrize("tokenizer", sorted(TOKENIZERS))


def banana() -> TextCodec:
    return TextCodec.train(["banana"], tokenizer="character")  # a 4, n 5, b 6


@each_tokenizer
def test_eager_tf_data_and_batched_agree(codecs: dict[str, TextCodec], tokenizer: str) -> None:
    codec = codecs[tokenizer]
    expected = codec.encode(TEXTS).to_list()
    dataset = tf.data.Dataset.from_tensor_slices(TEXTS)

    for batch_size in (1, 2, 5):
        batches = dataset.batch(batch_size).map(codec.encode)
        assert [row for batch in batches for row in batch.to_list()] == expected
        texts = dataset.batch(batch_size).map(codec.encode).map(codec.decode)
        assert [text for batch in texts for text in batch.numpy()] == (
            codec.decode(expected).numpy().tolist()
        )


@each_tokenizer
def test_a_function_of_unknown_batch_size_agrees(
    codecs: dict[str, TextCodec], tokenizer: str
) -> None:
    codec = codecs[tokenizer]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def there_and_back(texts: Tensor) -> tuple[Tensor, ...]:
        ids = codec.encode(texts)
        return ids, codec.decode(ids.to_tensor()), codec.tokens(ids), codec.tokenize(texts)

    for texts in (TEXTS, TEXTS[:1], []):
        ids, decoded, tokens, pieces = there_and_back(tf.constant(texts, tf.string))
        assert ids.to_list() == codec.encode(texts).to_list()
        assert decoded.numpy().tolist() == codec.decode(codec.encode(texts)).numpy().tolist()
        assert tokens.to_list() == codec.tokens(codec.encode(texts)).to_list()
        assert pieces.to_list() == codec.tokenize(texts).to_list()


@each_tokenizer
def test_an_empty_batch_and_empty_texts_keep_type_and_shape(
    codecs: dict[str, TextCodec], tokenizer: str
) -> None:
    codec = codecs[tokenizer]

    for texts, rows in (([], 0), (["", ""], 2)):
        ids = codec.encode(texts)
        assert (ids.shape.rank, ids.nrows(), ids.dtype) == (2, rows, tf.int32)
        assert ids.row_splits.dtype == tf.int64
        assert ids.to_list() == [[]] * rows
        assert codec.tokenize(texts).to_list() == [[]] * rows
        assert codec.normalize(texts).numpy().tolist() == [b""] * rows
        for token_ids in (ids, ids.to_tensor(), np.zeros((rows, 3), np.int32)):
            assert codec.decode(token_ids).numpy().tolist() == [b""] * rows
            assert codec.tokens(token_ids).to_list() == [[]] * rows


@each_tokenizer
def test_the_config_makes_the_same_codec_again(
    codecs: dict[str, TextCodec], tokenizer: str
) -> None:
    codec = codecs[tokenizer]
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(codec)))

    again = keras.saving.deserialize_keras_object(config)

    assert isinstance(again, TextCodec)
    assert again.get_config() == codec.get_config()
    in_graph = tf.function(again.encode)(tf.constant(TEXTS))  # before it has run eagerly
    assert in_graph.to_list() == codec.encode(TEXTS).to_list()
    assert again.encode(TEXTS).to_list() == codec.encode(TEXTS).to_list()


@each_tokenizer
def test_long_texts_are_no_trouble(codecs: dict[str, TextCodec], tokenizer: str) -> None:
    codec = codecs[tokenizer]
    text = "Hello, world! " * 400

    assert codec.decode(codec.encode([text])).numpy()[0].decode() == (
        codec.normalize([text]).numpy()[0].decode()
    )


def test_codecs_are_constants_that_can_be_copied(codecs: dict[str, TextCodec]) -> None:
    for codec in codecs.values():
        assert copy.deepcopy(codec).encode(TEXTS).to_list() == codec.encode(TEXTS).to_list()


def test_the_four_ids_and_the_size_are_plain_numbers() -> None:
    codec = banana()

    assert (codec.pad_id, codec.unknown_id, codec.start_id, codec.end_id) == (0, 1, 2, 3)
    assert codec.vocabulary == [*SPECIAL_TOKENS, "a", "n", "b"]
    assert codec.vocabulary_size == 7


def test_decoding_stops_at_the_first_end_and_skips_pad_and_start() -> None:
    token_ids = [[2, 6, 4, 0, 5, 3, 4, 3], [3, 6], [0, 0, 6]]

    assert banana().decode(token_ids).numpy().tolist() == [b"ban", b"", b"b"]


def test_tokens_show_the_end_and_nothing_behind_it() -> None:
    tokens = banana().tokens([[6, 1, 3, 4, 3, 0], [6, 0, 0], [2, 99]]).to_list()

    assert tokens == [[b"b", b"<unk>", b"</s>"], [b"b"], [b"<s>", b"<unk>"]]


def test_ids_outside_the_vocabulary_are_unknown() -> None:
    assert banana().decode([[6, 7, -1, 4]]).numpy()[0].decode() == "b⁇⁇a"


def test_lower_case_and_form_apply_before_the_vocabulary_is_made() -> None:
    codec = TextCodec.train(["E\u0301 É"], "character", normalization="nfc", lowercase=True)

    assert codec.vocabulary == [*SPECIAL_TOKENS, "é", " "]
    assert codec.decode(codec.encode(["É", "e\u0301"])).numpy().tolist() == ["é".encode()] * 2


def test_training_is_the_same_twice(corpus: list[str], codecs: dict[str, TextCodec]) -> None:
    for name, codec in codecs.items():
        assert TextCodec.train(corpus, tokenizer=name).get_config() == codec.get_config()


def test_a_tokenizer_is_a_name_a_plain_config_or_an_object() -> None:
    vocabulary = [*SPECIAL_TOKENS, "a b"]

    by_config = TextCodec({"name": "regex", "pattern": "a b"}, vocabulary)

    assert by_config.encode(["a b"]).to_list() == [[4]]
    assert TextCodec("character", vocabulary).encode(["a b"]).to_list() == [[1, 1, 1]]
    assert TextCodec(CharacterTokenizer(), vocabulary).encode(["a"]).to_list() == [[1]]
    assert (
        TextCodec.train(["1 2"], {"name": "word", "split_punctuation": False}).vocabulary_size == 6
    )


def test_core_tokenizers_need_no_tensorflow_text(
    corpus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)

    for tokenizer in ("character", "byte", "word", "regex"):
        codec = TextCodec.train(corpus, tokenizer, lowercase=True)
        assert codec.decode(codec.encode(["Hello"])).numpy().tolist() == [b"hello"]
    with pytest.raises(ImportError, match="^The subword tokenizer needs the package"):
        TextCodec.train(corpus, "subword").encode(["a"])


def test_messages_of_the_constructor() -> None:
    with pytest.raises(ValueError, match=r"`tokenizer` must be one of 'byte', .*Received: 'bites'"):
        TextCodec("bites", SPECIAL_TOKENS)
    with pytest.raises(ValueError, match=r"`normalization` must be .*'nfkc'\. Received: 'nfd'"):
        TextCodec("character", SPECIAL_TOKENS, normalization="nfd")
    with pytest.raises(TypeError, match=r"`lowercase` must be True or False\. Received: 1"):
        TextCodec("character", SPECIAL_TOKENS, lowercase=1)  # type: ignore[arg-type]


def test_messages_of_training() -> None:
    with pytest.raises(ValueError, match=r"`tokenizer` must be one of .*Received: 'bpe'"):
        TextCodec.train(["a"], tokenizer="bpe")
    with pytest.raises(TypeError, match=r"not one string\. Received: 'hello'"):
        TextCodec.train("hello")
    with pytest.raises(ValueError, match=r"one text that is not empty\. Received: 0 empty texts"):
        TextCodec.train([])
    with pytest.raises(ValueError, match=r"Received: 2 empty texts"):
        TextCodec.train(["", " \n"], tokenizer="word")
    with pytest.raises(ValueError, match=r"`vocabulary_size` must be .*5\. Received: 4"):
        TextCodec.train(["a"], tokenizer="word", vocabulary_size=4)
    with pytest.raises(ValueError, match=r"`seed` must be .*0\. Received: -1"):
        TextCodec.train(["a"], seed=-1)
    with pytest.raises(TypeError, match=r"go with its name, .*Received: \['pattern'\] beside <"):
        TextCodec.train(["a"], tokenizer=CharacterTokenizer(), pattern="a")


@pytest.mark.parametrize(
    ("tokenizer", "options"),
    [
        ("word", {"split_punctuation": False}),
        ("regex", {"pattern": "a b"}),
        ("subword", {"character_coverage": 1.0, "max_training_texts": 7}),
    ],
)
def test_every_option_is_there_again_after_the_config(tokenizer: str, options: dict) -> None:
    trained = TextCodec.train(["Ä b, c"], tokenizer, 30, "nfkc", lowercase=True, **options)
    config = {**trained.get_config(), "name": "letters"}

    again = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(TextCodec.from_config(config))))
    )

    assert (again.normalization, again.lowercase, again.name) == ("nfkc", True, "letters")
    assert {name: getattr(again.tokenizer, name) for name in options} == options
    assert again.encode(["A\u0308 B, ﬃ"]).to_list() == trained.encode(["ä b, ffi"]).to_list()


def test_texts_of_unknown_shape_are_a_batch_or_an_error() -> None:
    encode = tf.function(banana().encode, [tf.TensorSpec(None, tf.string)])

    assert encode(tf.constant(["ban", ""])).to_list() == [[6, 4, 5], []]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with expected shape"):
        encode(tf.constant("ban"))


def test_a_codec_that_a_graph_made_works_outside_of_it() -> None:
    made: list[TextCodec] = []
    vocabulary = banana().vocabulary

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def encode(texts: Tensor) -> Tensor:
        made.append(TextCodec("character", vocabulary))
        return made[0].encode(texts)

    assert encode(tf.constant(["ban"])).to_list() == [[6, 4, 5]]
    assert made[0].encode(["nab"]).to_list() == [[5, 4, 6]]
    assert made[0].decode([[6, 4]]).numpy().tolist() == [b"ba"]
