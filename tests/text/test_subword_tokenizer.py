import numpy as np
import pytest
import tensorflow as tf

from kerasseq.text import SPECIAL_TOKENS, SubwordTokenizer, TextCodec


@pytest.fixture(scope="module")
def codec() -> TextCodec:
    words = ["low", "lower", "lowest", "new", "newer", "newest", "wide", "wider", "widest"]
    texts = [f"{first} {second}" for first in words for second in words]
    return TextCodec.train(texts, tokenizer="subword", vocabulary_size=40)


def test_pieces_spell_the_text_with_a_mark_for_each_space(codec: TextCodec) -> None:
    pieces = [piece.decode() for piece in codec.tokenize(["lower widest"])[0].numpy()]

    assert "".join(pieces) == "▁lower▁widest"
    assert len(pieces) < len("lower widest")


def test_ids_are_those_of_sentencepiece_itself(codec: TextCodec) -> None:
    import sentencepiece

    config = codec.get_config()["tokenizer"]["config"]
    processor = sentencepiece.SentencePieceProcessor(
        model_proto=SubwordTokenizer(**config)._model_bytes()
    )
    texts = ["lower widest", "lowlowlow", "", "w\u0301x日本 newest", "</s> <unk>", "e" * 300]

    assert codec.encode(texts).to_list() == processor.encode(texts)


def test_special_tokens_stand_first_and_size_is_a_cap(codec: TextCodec) -> None:
    assert codec.vocabulary[:4] == list(SPECIAL_TOKENS)
    assert codec.vocabulary_size <= 40


def test_the_sign_of_a_space_in_a_text_is_replaced_and_white_space_collapsed(
    codec: TextCodec,
) -> None:
    assert codec.normalize(["  low\t▁\n wide "]).numpy()[0].decode() == "low _ wide"


def test_unknown_characters_are_marked_in_their_place(codec: TextCodec) -> None:
    decoded = codec.decode(codec.encode(["low 日本", "日 wide"]))

    assert [text.decode() for text in decoded.numpy()] == ["low ⁇", "⁇ wide"]


def test_a_large_corpus_is_sampled_by_the_seed() -> None:
    texts = [f"{i} {i * i}" for i in range(1000)]

    def vocabulary(seed: int) -> list[str]:
        return TextCodec.train(
            texts, vocabulary_size=64, seed=seed, max_training_texts=50
        ).vocabulary

    assert vocabulary(1) == vocabulary(1)
    assert vocabulary(1) != vocabulary(2)


def test_sampling_is_a_pure_function_of_the_seeds(codec: TextCodec) -> None:
    texts = ["lowest newest widest"] * 20
    seeds = np.arange(20)

    first = codec.sample(texts, seeds).to_list()

    assert codec.sample(texts, seeds).to_list() == first
    assert codec.sample(texts[::-1], seeds[::-1]).to_list() == first[::-1]
    assert codec.sample(texts[:1], [7]).to_list() == [first[7]]
    assert len({tuple(row) for row in first}) > 5


def test_every_sample_spells_the_text(codec: TextCodec) -> None:
    texts = ["lower widest"] * 30 + ["", "new 日 wide"]
    samples = codec.sample(texts, range(32), alpha=0.0)

    assert samples.dtype == tf.int32
    assert samples.row_splits.dtype == tf.int64
    assert codec.decode(samples).numpy().tolist() == [
        *[b"lower widest"] * 30,
        b"",
        "new ⁇ wide".encode(),
    ]


def test_the_one_best_and_a_large_alpha_are_the_encoding(codec: TextCodec) -> None:
    texts = ["lower widest", "newest", "low low 日"]
    encoded = codec.encode(texts).to_list()

    assert codec.sample(texts, [1, 2, 3], num_best=1).to_list() == encoded
    assert codec.sample(texts, [1, 2, 3], alpha=1e6).to_list() == encoded


def test_an_empty_batch_can_be_sampled(codec: TextCodec) -> None:
    assert codec.sample([], []).shape == (0, None)


def test_messages_of_sampling(codec: TextCodec, codecs: dict[str, TextCodec]) -> None:
    with pytest.raises(ValueError, match=r"needs the 'subword' tokenizer: `WordTokenizer` has one"):
        codecs["word"].sample(["a"], [1])
    with pytest.raises(ValueError, match=r"Received: 2 texts, seeds of shape \(3,\)"):
        codec.sample(["a", "b"], [1, 2, 3])
    with pytest.raises(TypeError, match=r"`seeds` must be integers\. Received: \[0\.5\]"):
        codec.sample(["a"], [0.5])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"`alpha` must be .* at least 0\. Received: -1"):
        codec.sample(["a"], [1], alpha=-1)
    with pytest.raises(ValueError, match=r"`num_best` must be .* at least 1\. Received: 0"):
        codec.sample(["a"], [1], num_best=0)
    with pytest.raises(RuntimeError, match="`sample` runs in Python"):
        tf.function(lambda texts: codec.sample(texts, [1]))(tf.constant(["a"]))


def test_empty_texts_take_no_place_among_those_that_are_learnt_from() -> None:
    texts = [""] * 99 + ["abc"]
    codec = TextCodec.train(texts, tokenizer="subword", max_training_texts=1, seed=0)
    assert codec.decode(codec.encode(["cab"])).numpy().tolist() == [b"cab"]


def test_messages_of_the_constructor() -> None:
    with pytest.raises(
        ValueError, match=r"`character_coverage` must be .* most 1\. Received: 1\.5"
    ):
        SubwordTokenizer(character_coverage=1.5)
    with pytest.raises(ValueError, match=r"`character_coverage` must be .* above 0\. Received: 0"):
        SubwordTokenizer(character_coverage=0)
    with pytest.raises(ValueError, match=r"`max_training_texts` must be .*1\. Received: 0"):
        SubwordTokenizer(max_training_texts=0)
    with pytest.raises(ValueError, match=r"must be trained .* Received: model=None"):
        TextCodec("subword", SPECIAL_TOKENS)


def test_another_vocabulary_than_the_models_is_refused(codec: TextCodec) -> None:
    config = codec.get_config()

    with pytest.raises(ValueError, match=r"`vocabulary` must be the one of the SubwordTokenizer"):
        TextCodec.from_config({**config, "vocabulary": [*SPECIAL_TOKENS, "a"]})


def test_the_coverage_that_is_asked_for_is_trained_for() -> None:
    texts = ["a" * 10] * 8 + ["b" * 10] + ["cdefghijkl"]  # 80 of 100 characters are "a"
    codec = TextCodec.train(texts, vocabulary_size=100, character_coverage=0.8)

    assert {*"".join(codec.vocabulary[4:])} == {"a", "▁"}


def test_what_is_sampled_is_the_normalized_text() -> None:
    codec = TextCodec.train(["low lower lowest"] * 9, "subword", 30, "nfkc", lowercase=True)
    texts = ["ＬＯＷ  Lowest"] * 20

    assert codec.decode(codec.sample(texts, range(20))).numpy().tolist() == [b"low lowest"] * 20
