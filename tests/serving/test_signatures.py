"""What a served model can be asked, and that nobody's answer depends on who else is there."""

import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.serving.signatures import (
    ATTENTION,
    SCORE,
    SIGNATURES,
    TRANSLATION,
    SavedTranslator,
    trace_signatures,
    without_cudnn,
)
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

Ask = Callable[..., dict[str, np.ndarray]]

OUTPUTS = {
    "serving_default": TRANSLATION,
    "complete": TRANSLATION,
    "attend": ATTENTION,
    "score": SCORE,
}
HARD_TEXTS = [
    *("", " ", "how are you today?", "👨\u200d👩\u200d👧 日本語 \u202eאבג", "e\u0301", "a\0b"),
    *(b"\xff\xfe broken \xc3", "x" * 5000),
]
each_signature = pytest.mark.parametrize("signature", SIGNATURES)


def inputs_of(signature: str, texts: list[Any]) -> dict[str, list[Any]]:
    """The texts as every input."""
    return {name: texts for name in SIGNATURES[signature]}


@each_signature
def test_the_outputs_are_those_of_the_docstring_and_lead_with_the_batch(
    ask: Ask, signature: str
) -> None:
    described = inspect.getdoc(inspect.getmodule(trace_signatures)) or ""
    for count in (0, 1, 64):
        outputs = ask(signature, **inputs_of(signature, ["a small world"] * count))
        assert set(outputs) == set(OUTPUTS[signature])
        for name, values in outputs.items():
            assert f"`{name}`" in described
            assert values.shape[0] == count, name
            assert values.dtype in (object, np.float32, np.int32, np.bool_), name


@each_signature
def test_any_text_is_answered_with_finite_numbers_and_valid_text(ask: Ask, signature: str) -> None:
    outputs = ask(signature, **inputs_of(signature, HARD_TEXTS))
    for name, values in outputs.items():
        if values.dtype == object:
            assert all(text.decode() is not None for text in values.ravel())
        else:
            assert np.all(np.isfinite(values.astype("float64"))), name
    assert outputs["truncated"].tolist() == [False] * 7 + [True]


@each_signature
def test_alone_and_among_strangers_the_answer_is_the_same(ask: Ask, signature: str) -> None:
    together = ask(signature, **inputs_of(signature, HARD_TEXTS))
    for row, text in enumerate(HARD_TEXTS):
        alone = ask(signature, **inputs_of(signature, [text]))
        for name, values in alone.items():
            # Only tokens and weights grow with the batch, on the right.
            widths = tuple(slice(size) for size in values.shape[1:])
            common = together[name][(slice(row, row + 1), *widths)]
            if values.dtype == np.float32:
                np.testing.assert_allclose(values, common, rtol=1e-5, atol=1e-5)
            else:
                np.testing.assert_array_equal(values, common)


def test_the_widths_of_a_translation_do_not_depend_on_the_batch(ask: Ask) -> None:
    for signature in ("serving_default", "complete"):
        outputs = ask(signature, **inputs_of(signature, HARD_TEXTS[:3]))
        shapes = {name: values.shape for name, values in outputs.items()}
        assert shapes.pop("alternatives") == (3, 2)
        assert shapes.pop("alternative_scores") == (3, 2)
        assert set(shapes.values()) == {(3,)}


def test_attention_is_a_distribution_over_the_real_tokens(ask: Ask) -> None:
    outputs = ask("attend", text=["how are you today?", "", "a"])
    weights = outputs["attention_weights"]
    assert weights.shape == (
        3,
        outputs["target_tokens"].shape[1],
        outputs["source_tokens"].shape[1],
    )
    for row in range(3):
        source, target = outputs["source_lengths"][row], outputs["target_lengths"][row]
        np.testing.assert_allclose(weights[row, :target, :source].sum(-1), 1.0, atol=1e-5)
        assert weights[row, target:].sum() == 0
        assert weights[row, :, source:].sum() == 0
        assert outputs["source_tokens"][row, source - 1] == b"</s>"
        assert all(token == b"" for token in outputs["source_tokens"][row, source:])
        assert all(token != b"" for token in outputs["target_tokens"][row, :target])
        assert all(token == b"" for token in outputs["target_tokens"][row, target:])
    assert [token.decode() for token in outputs["source_tokens"][2, :2]] == ["a", "</s>"]


def test_strings_numbers_and_attention_are_those_of_the_translator(
    ask: Ask, translator: Translator
) -> None:
    texts = [text for text in HARD_TEXTS if isinstance(text, str)]
    expected = translator(texts)
    outputs = ask("serving_default", text=texts)
    assert [text.decode() for text in outputs["text"]] == [each.text for each in expected]
    assert outputs["finished"].tolist() == [each.finished for each in expected]
    np.testing.assert_allclose(outputs["score"], [each.score for each in expected], rtol=1e-5)
    alternatives = [[text.decode() for text in row] for row in outputs["alternatives"]]
    assert alternatives == [[other.text for other in each.alternatives] for each in expected]

    attended = ask("attend", text=texts)
    for row, each in enumerate(expected):
        source, target = len(each.source_tokens), len(each.target_tokens)
        assert attended["source_lengths"][row] == source
        assert attended["target_lengths"][row] == target
        tokens = [token.decode() for token in attended["target_tokens"][row, :target]]
        assert tokens == each.target_tokens
        np.testing.assert_allclose(
            attended["attention_weights"][row, :target, :source], each.attention_weights, atol=1e-5
        )


def test_score_and_complete_are_those_of_the_translator(ask: Ask, translator: Translator) -> None:
    texts, others = ["how are you today?", "", "a"], ["hello", "world how", ""]
    scored = ask("score", text=texts, target=others)
    expected = translator.score(zip(texts, others, strict=True))
    np.testing.assert_allclose(scored["score"], [each.score for each in expected], rtol=1e-5)
    assert scored["lengths"].tolist() == [len(each.target_tokens) for each in expected]

    completed = ask("complete", text=texts, prefix=others)
    answers = translator.complete(texts, others)
    assert [text.decode() for text in completed["text"]] == [each.text for each in answers]
    np.testing.assert_allclose(completed["score"], [each.score for each in answers], rtol=1e-5)


def test_an_empty_prefix_forces_nothing(ask: Ask) -> None:
    texts = ["how are you today?", "a small world"]
    free, forced = ask("serving_default", text=texts), ask("complete", text=texts, prefix=["", ""])
    assert forced["text"].tolist() == free["text"].tolist()
    np.testing.assert_allclose(forced["score"], free["score"], rtol=1e-5)


@pytest.mark.parametrize(("signature", "name"), [("score", "target"), ("complete", "prefix")])
def test_inputs_of_unequal_length_are_refused(ask: Ask, signature: str, name: str) -> None:
    message = f"`{name}` must hold as many strings as `text`."
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        ask(signature, **{"text": ["a", "b"], name: ["a"]})


def test_every_weight_is_held_once_and_the_network_is_not(translator: Translator) -> None:
    module = SavedTranslator(translator)
    assert len(module.variables) == len(translator.network.weights)
    assert not hasattr(module, "network")


def test_no_layer_of_the_network_may_trace_a_cudnn_op() -> None:
    codec = TextCodec.train(["abc"], tokenizer="character")
    size = codec.vocabulary_size
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    embedded = kerasseq.layers.TokenEmbedding(size, 4)(source_ids)
    recurrent = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True))
    memory = recurrent(embedded)
    inputs = kerasseq.layers.TokenEmbedding(size, 4)(target_ids)
    outputs, _, _ = kerasseq.layers.AttentionDecoder(4)(inputs, memory)
    logits = keras.layers.Dense(size)(outputs)
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    both = [recurrent.forward_layer, recurrent.backward_layer]
    before = [layer.use_cudnn for layer in both]
    with without_cudnn(network):
        assert [layer.use_cudnn for layer in both] == [False, False]
    assert [layer.use_cudnn for layer in both] == before
