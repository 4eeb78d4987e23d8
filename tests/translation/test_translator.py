"""Strings in, strings out: the same alone, in a batch, and from a file in another process."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.search import BeamSearch, GreedySearch
from kerasseq.text import TextCodec
from kerasseq.translation import Translation, Translator

TEXTS = [
    *(
        "how are you today?",
        "",
        "日本語 👨\u200d👩\u200d👧",
        "a",
        "it's a small world",
        "a\0b",
        "e\u0301",
    ),
    "x" * 5000,
]


def assert_same(received: Translation, expected: Translation) -> None:
    for field in ("source", "text", "finished", "truncated", "source_tokens", "target_tokens"):
        assert getattr(received, field) == getattr(expected, field)
    assert [each.text for each in received.alternatives] == (
        [each.text for each in expected.alternatives]
    )
    np.testing.assert_allclose(received.score, expected.score, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        received.attention_weights, expected.attention_weights, rtol=1e-5, atol=1e-5
    )


def test_each_text_gets_its_answer_in_order(translator: Translator, texts: list[str]) -> None:
    answers = translator([*TEXTS, *texts])
    assert [answer.source for answer in answers] == [*TEXTS, *texts]
    for answer in answers:
        assert [other.text for other in answer.alternatives][0] == answer.text
        assert answer.alternatives[0].score == answer.score
        assert 1 <= len(answer.alternatives) <= 2
        assert answer.source_tokens[-1] == "</s>"
        assert (answer.target_tokens[-1] == "</s>") == answer.finished
        assert answer.attention_weights.shape == (
            len(answer.target_tokens),
            len(answer.source_tokens),
        )
        assert answer.attention_weights.dtype == np.float32
        np.testing.assert_allclose(answer.attention_weights.sum(-1), 1.0, atol=1e-5)


def test_a_text_alone_in_any_batch_and_any_order_gets_the_same_answer(
    translator: Translator,
) -> None:
    together = translator(TEXTS)
    for text, expected in zip(TEXTS, together, strict=True):
        assert_same(translator([text])[0], expected)
    for received, expected in zip(translator(TEXTS[::-1], 3), together[::-1], strict=True):
        assert_same(received, expected)


def test_a_long_text_is_cut_and_says_so(translator: Translator) -> None:
    answers = translator(["x" * 63, "x" * 64, "x" * 5000])
    assert [answer.truncated for answer in answers] == [False, True, True]
    assert [len(answer.source_tokens) for answer in answers] == [64, 64, 64]
    assert answers[1].text == answers[2].text == answers[0].text


def test_no_texts_get_no_answers(translator: Translator) -> None:
    assert translator([]) == []
    assert translator.complete([], []) == []
    assert translator.score([]) == []


def test_invalid_bytes_and_surrogates_are_read_as_replacement_characters(
    translator: Translator,
) -> None:
    texts: list[Any] = [b"\xff hello", "\ud800 hello", "\ud83d\udc4b hello"]
    answers = translator(texts)
    assert [answer.source for answer in answers] == ["\ufffd hello", "\ufffd hello", "👋 hello"]
    assert_same(answers[0], translator(["\ufffd hello"])[0])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("hello", r"`texts` must be a sequence of strings. Received: a bare string. .*`\[text\]`"),
        ([b"ok", 3], "`texts` must be a sequence of strings. Received an element: 3 of int"),
    ],
)
def test_what_are_no_texts_is_an_error(translator: Translator, texts: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        translator(texts)
    with pytest.raises(TypeError, match=message):
        translator.complete(texts, ["a"])


def test_a_batch_size_is_a_positive_integer(translator: Translator) -> None:
    with pytest.raises(ValueError, match="`batch_size` must be an integer of at least 1.*: 0"):
        translator(["a"], batch_size=0)


def test_what_a_translation_says_is_json(translator: Translator) -> None:
    (answer,) = translator(["how are you today?"])
    said = json.loads(json.dumps(answer.to_dict()))
    assert said["text"] == answer.text
    second = answer.alternatives[1]
    assert said["alternatives"][1] == {
        "text": second.text,
        "score": second.score,
        "finished": second.finished,
        "target_tokens": second.target_tokens,
        "token_scores": second.token_scores.tolist(),
    }
    assert said["token_scores"] == answer.token_scores.tolist()
    np.testing.assert_allclose(said["attention_weights"], answer.attention_weights)


@pytest.mark.parametrize("layers", [2, 3])
def test_a_memory_shorter_than_its_source_is_attended_to_and_told_by_tokens(layers: int) -> None:
    codec = kerasseq.text.TextCodec.train(["a b c d e f g h i"], tokenizer="word")
    keras.utils.set_random_seed(3)
    network = kerasseq.models.build(
        "bidirectional_luong",
        codec.vocabulary_size,
        codec.vocabulary_size,
        encoder="pyramidal",
        encoder_layers=layers,
        bridge="mean",
        embedding_units=6,
        encoder_units=4,
        decoder_units=8,
    )
    texts = ["a b c d e f g h", "b", "", "a b c d"]  # 9 tokens with the end, 2, 1 and 5
    beam = {"name": "beam", "num_beams": 3, "coverage_penalty": 0.2}
    translator = Translator(codec, codec, network, beam, replace_unknown=True)
    reduction = 2 ** (layers - 1)
    for text, answer in zip(texts, translator(texts), strict=True):
        weights = answer.attention_weights
        assert weights.shape == (len(answer.target_tokens), len(answer.source_tokens))
        np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-5)
        for start in range(0, weights.shape[1], reduction):
            group = weights[:, start : start + reduction]
            np.testing.assert_allclose(group, group[:, :1].repeat(group.shape[1], 1), rtol=1e-5)
        (alone,) = translator([text])
        assert alone.text == answer.text
        np.testing.assert_allclose(alone.attention_weights, weights, atol=1e-5)
        (scored,) = translator.score([(text, "c a b")])
        assert len(scored.token_scores) == 4


def test_a_network_of_another_class_is_an_error(translator: Translator) -> None:
    copy = keras.models.clone_model(translator.network)
    with pytest.raises(TypeError, match="`network` must be.*Received: Functional.*`SequenceToSeq"):
        Translator(translator.source_codec, translator.target_codec, copy)


def test_another_search_uses_the_same_network(translator: Translator) -> None:
    greedy = translator.with_search("greedy")
    assert isinstance(greedy.search, GreedySearch)
    assert greedy.network is translator.network
    assert isinstance(translator.search, BeamSearch)
    one_beam = translator.with_search({"name": "beam", "num_beams": 1})
    texts = ["how are you today?", "a small world"]
    assert [each.text for each in greedy(texts)] == [each.text for each in one_beam(texts)]


def test_a_sample_depends_on_the_text_and_not_on_the_batch(translator: Translator) -> None:
    drawn = translator.with_search({"name": "sampling", "n_best": 3, "temperature": 2.0})
    texts = ["how are you today?", "a small world", "hello", "hello"]
    together = drawn(texts)
    assert len({other.text for other in together[0].alternatives}) > 1
    assert_same(together[3], together[2])
    for received, expected in zip(drawn(texts[::-1], 2), together[::-1], strict=True):
        assert_same(received, expected)


def test_mixed_sizes_are_traced_once(make_translator: Callable[..., Translator]) -> None:
    made = make_translator()
    for count in (1, 3, 2):
        for length in (1, 40, 300):
            made(["x" * length] * count)
            made.complete(["x" * length] * count, ["a"] * count)
            made.score([("x", "y" * length)] * count)
    traced = (made._translate, made._complete, made._score)
    assert [function.experimental_get_tracing_count() for function in traced] == [1, 1, 1]


@pytest.mark.slow
def test_memory_does_not_grow_with_calls(translator: Translator) -> None:
    texts = ["how are you today?", "a", "it's a small world"]

    def resident() -> int:
        pages = Path("/proc/self/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(200):
        translator(texts)
    before = resident()
    for _ in range(1000):
        translator(texts)
    assert resident() < 1.05 * before


def test_codec_and_network_must_be_of_one_size(translator: Translator) -> None:
    other = TextCodec.train(["abc"], tokenizer="character")
    size = translator.network.vocabulary_size
    with pytest.raises(ValueError, match=rf"Received: 7 ids, {size} logits\."):
        Translator(translator.source_codec, other, translator.network)


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("kind", [kerasseq.layers.TokenEmbedding, keras.layers.Embedding])
@pytest.mark.filterwarnings("ignore:.*mask")
def test_every_id_must_be_embedded(translator: Translator, side: str, kind: Any) -> None:
    source_codec, target_codec = translator.source_codec, translator.target_codec
    sizes = {"source": source_codec.vocabulary_size, "target": target_codec.vocabulary_size}
    inputs = {name: keras.Input((None,), dtype="int32", name=f"{name}_ids") for name in sizes}
    embedded = {
        name: (kind if name == side else kerasseq.layers.TokenEmbedding)(
            5 if name == side else sizes[name], 8, name=f"embed_{name}"
        )(ids)
        for name, ids in inputs.items()
    }
    memory, state = kerasseq.layers.RecurrentEncoder(4)(embedded["source"])
    outputs, _, _ = kerasseq.layers.RecurrentDecoder(4)(embedded["target"], memory, state)
    logits = keras.layers.Dense(sizes["target"])(outputs)
    network = kerasseq.models.SequenceToSequence(inputs["source"], inputs["target"], logits)
    message = rf"`{side}_codec` .* {sizes[side]} ids, and network '.*' cannot read the last\."
    with pytest.raises(ValueError, match=message):
        Translator(source_codec, target_codec, network)


def test_an_embedding_of_something_else_may_be_smaller(translator: Translator) -> None:
    source_codec, target_codec = translator.source_codec, translator.target_codec
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    sizes = (source_codec.vocabulary_size, target_codec.vocabulary_size)
    memory, state = kerasseq.layers.RecurrentEncoder(4)(
        kerasseq.layers.TokenEmbedding(sizes[0], 4)(source_ids)
    )
    embedded = kerasseq.layers.TokenEmbedding(sizes[1], 4)(target_ids)
    parity = keras.layers.Embedding(2, 4)(target_ids % 2)
    outputs, _, _ = kerasseq.layers.AttentionDecoder(4)(embedded + parity, memory, state)
    logits = keras.layers.Dense(sizes[1])(outputs)
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    assert len(Translator(source_codec, target_codec, network)(["a"])) == 1


def mixing(logits: Any) -> Any:
    return keras.layers.Conv1D(logits.shape[-1], 3, padding="same", name="mixes")(logits)


def test_a_layer_that_mixes_positions_is_named(translator: Translator) -> None:
    codec = translator.target_codec
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    embed = kerasseq.layers.TokenEmbedding(codec.vocabulary_size, 4)
    memory, state = kerasseq.layers.RecurrentEncoder(4)(embed(source_ids))
    outputs, _, _ = kerasseq.layers.RecurrentDecoder(4)(embed(target_ids), memory, state)
    logits = mixing(keras.layers.Dense(codec.vocabulary_size)(outputs))
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    with pytest.raises(ValueError, match="'mixes'"):
        Translator(codec, codec, network)


def test_export_writes_a_version(
    make_translator: Callable[..., Translator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def export(*arguments: Any, **options: Any) -> str:
        asked.append((arguments, options))
        return "written"

    monkeypatch.setattr(kerasseq.serving, "export", export)
    made = make_translator()
    assert made.export(tmp_path, version=3, examples=["a"]) == "written"
    assert asked == [((made, tmp_path, 3, ["a"]), {})]


def test_an_answer_keeps_no_array_of_its_batch_alive(translator: Translator) -> None:
    (answer,) = translator(["how are you today?"])
    for alternative in answer.alternatives:
        assert alternative.token_scores.base is None
        assert alternative.attention_weights.base is None
    (scored,) = translator.score([("a", "hello")])
    assert scored.token_scores.base is None


def test_what_a_translation_says_of_its_source_is_json(translator: Translator) -> None:
    for text, truncated in (("x" * 63, False), ("x" * 64, True)):
        (answer,) = translator([text])
        said = json.loads(json.dumps(answer.to_dict()))
        for name in ("source", "truncated", "finished", "score", "source_tokens", "target_tokens"):
            assert said[name] == getattr(answer, name)
        assert said["truncated"] == truncated


def test_what_a_score_says_is_json(translator: Translator) -> None:
    (scored,) = translator.score([("x" * 64, "hello")])
    assert json.loads(json.dumps(scored.to_dict())) == {
        "source": "x" * 64,
        "target": "hello",
        "score": scored.score,
        "truncated": True,
        "target_tokens": ["hello", "</s>"],
        "token_scores": scored.token_scores.tolist(),
    }


def test_another_search_leaves_the_first_translator_as_it_was(
    make_translator: Callable[..., Translator],
) -> None:
    metadata = {"bleu": 30.5}
    first = make_translator(metadata=metadata)
    second = first.with_search("beam", replace_unknown=True)
    third = second.with_search("greedy")
    fourth = third.with_search("greedy", replace_unknown=False)
    replaced = [each.replace_unknown for each in (first, second, third, fourth)]
    assert replaced == [False, True, True, False]
    second.metadata["bleu"] = 31.5
    assert first.metadata == metadata == {"bleu": 30.5}
    first.metadata["bleu"] = 29.5
    assert metadata == {"bleu": 30.5}


def test_options_are_checked(translator: Translator) -> None:
    codecs = (translator.source_codec, translator.target_codec)
    with pytest.raises(ValueError, match=r"`max_source_length` must .* least 2\. Received: 1\."):
        Translator(*codecs, translator.network, max_source_length=1)
    for make in (
        lambda: Translator(*codecs, translator.network, replace_unknown=1),  # type: ignore[arg-type]
        lambda: translator.with_search("greedy", replace_unknown=1),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=r"`replace_unknown` must be True or False\. .* 1\."):
            make()


def test_there_are_fewer_alternatives_where_fewer_outputs_are_possible(
    translator: Translator,
) -> None:
    size, end = translator.network.vocabulary_size, translator.target_codec.end_id
    banned = [token_id for token_id in range(size) if token_id not in (end, 7)]
    limits = {"max_length": 2}
    beam = {"name": "beam", "num_beams": 5, "n_best": 5, "length_limits": limits}
    made = translator.with_search({**beam, "constraints": {"banned_ids": banned}})
    word = translator.target_codec.vocabulary[7]
    for answer in made(["hello", ""]):
        found = sorted(tuple(each.target_tokens) for each in answer.alternatives)
        assert found == sorted([("</s>",), (word, "</s>"), (word, word)])


def test_rows_are_as_wide_as_the_longest_of_what_they_hold(translator: Translator) -> None:
    size, end = translator.network.vocabulary_size, translator.target_codec.end_id
    for kept in range(4, size):
        banned = [token_id for token_id in range(size) if token_id not in (end, kept)]
        beam = {"name": "beam", "num_beams": 3, "n_best": 3, "length_limits": {"max_length": 2}}
        made = translator.with_search({**beam, "constraints": {"banned_ids": banned}})
        outputs = made.translate_batch(tf.constant(["hello"]))
        if outputs["target_lengths"][0] == 1:
            break
    assert outputs["target_tokens"].shape == (1, 1)
    assert outputs["attention_weights"].shape[:2] == (1, 1)
    assert outputs["alternative_tokens"].shape == (1, 3, 2)
    assert outputs["alternative_attention_weights"].shape[:3] == (1, 3, 2)
