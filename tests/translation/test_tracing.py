"""What a trace tells is what the search found and recorded, step by step."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq import layers
from kerasseq.translation import trace, trace_beams
from kerasseq.translation.answers import read_translations
from kerasseq.translation.tracing import weights_by_head

TEXT = "what is this?"
DECODERS: dict[str, dict[str, Any]] = {
    "last state": {"decoder": "recurrent"},
    "context at every step": {"decoder": "recurrent", "context": "both"},
    "luong": {"attention": "general"},
    "bahdanau": {"attention": "additive", "wiring": "bahdanau"},
    "conditional": {"attention": "dot", "wiring": "conditional"},
    "multi-head": {"attention": {"name": "multi_head", "num_heads": 2}, "input_feeding": True},
    "location-aware": {"attention": "location_aware"},
    "coverage": {"attention": "coverage"},
    "local-m": {"attention": {"name": "dot", "distribution": {"name": "local_m", "window": 2}}},
    "local-p": {"attention": {"name": "dot", "distribution": {"name": "local_p", "window": 2}}},
    "monotonic": {"attention": {"name": "general", "distribution": "monotonic"}},
    "sparsemax": {"attention": {"name": "general", "distribution": "sparsemax"}},
}


@pytest.fixture(scope="module")
def translators() -> Callable[[str], kerasseq.Translator]:
    codec = kerasseq.text.TextCodec.train([TEXT, "a b c"], "word", vocabulary_size=20)

    @functools.cache
    def make(name: str) -> kerasseq.Translator:
        keras.utils.set_random_seed(4)
        size = codec.vocabulary_size
        options = {"cell": "gru", "dropout": 0.0, **DECODERS[name]}
        units = {"embedding_units": 6, "encoder_units": 4, "decoder_units": 8}
        network = kerasseq.models.build("bidirectional_luong", size, size, **units, **options)
        network.set_weights([3 * weight for weight in network.get_weights()])
        search = {"name": "beam", "num_beams": 2, "n_best": 2, "length_limits": {"max_length": 5}}
        return kerasseq.Translator(codec, codec, network, search)

    return make


def eager(translator: kerasseq.Translator) -> kerasseq.translation.Translation:
    """The translation, without tracing a graph for each of them."""
    texts = tf.constant([TEXT])
    return next(read_translations(texts, translator.translate_batch(texts)))


@pytest.mark.parametrize("name", DECODERS)
def test_a_trace_agrees_with_the_search_step_for_step(
    name: str, translators: Callable[[str], kerasseq.Translator]
) -> None:
    translator = translators(name)
    translation = eager(translator)
    for rank, alternative in enumerate(translation.alternatives):
        found = trace(translator, TEXT, rank)
        assert (found.text, found.source_tokens) == (alternative.text, translation.source_tokens)
        assert found.target_tokens == alternative.target_tokens
        np.testing.assert_allclose(found.token_scores, alternative.token_scores, atol=1e-5)
        weights = np.zeros_like(alternative.attention_weights)
        if "decoder" not in DECODERS[name]:
            weights = found.attention_weights.mean(axis=1)
        np.testing.assert_allclose(weights, alternative.attention_weights, atol=1e-5)


@pytest.mark.parametrize("name", ["luong", "bahdanau", "location-aware", "coverage"])
def test_the_context_is_the_memory_summed_by_the_softmax_of_the_scores(
    name: str, translators: Callable[[str], kerasseq.Translator]
) -> None:
    found = trace(translators(name), TEXT)
    exponentials = np.exp(found.scores - found.scores.max(axis=-1, keepdims=True))
    softmax = exponentials / exponentials.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(softmax, found.attention_weights, atol=1e-5)
    summed = found.attention_weights[:, 0] @ found.memories[-1]
    np.testing.assert_allclose(summed, found.contexts, atol=1e-5)
    assert found.distribution_name == "Softmax"


def test_names_and_wiring_are_those_of_the_layers(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    found = trace(translators("monotonic"), TEXT)
    names = (found.score_name, found.distribution_name, found.wiring)
    assert names == ("GeneralAttention", "Monotonic", "luong")
    plain = trace(translators("last state"), TEXT)
    assert (plain.score_name, plain.distribution_name, plain.wiring) == ("", "", "")
    assert plain.scores.shape[1] == 0
    assert plain.contexts.shape[1] == 0


def test_a_context_that_is_read_at_every_step_is_told(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    found = trace(translators("context at every step"), TEXT)
    assert found.contexts.shape == (len(found.target_tokens), 8)
    assert (found.contexts == found.handed_on[-1]).all()


def test_heads_are_kept_apart(translators: Callable[[str], kerasseq.Translator]) -> None:
    found = trace(translators("multi-head"), TEXT)
    assert found.scores.shape[1] == found.attention_weights.shape[1] == 2
    assert np.abs(found.attention_weights[:, 0] - found.attention_weights[:, 1]).max() > 1e-3


def test_a_beginning_is_read_as_if_the_source_ended_there(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    translator = translators("luong")
    found = trace(translator, TEXT)
    ids = translator.source_codec.encode([TEXT]).to_list()[0]
    for length in (1, 3):
        memory, state = translator.network.encode(np.array([ids[:length]], "int32"))
        np.testing.assert_allclose(found.memories[length - 1, :length], memory[0], atol=1e-6)
        np.testing.assert_allclose(found.handed_on[length - 1], state[0][0], atol=1e-6)


def test_candidates_are_the_likeliest_tokens_best_first(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    translator = translators("luong").with_search("greedy")
    found = trace(translator, TEXT, num_candidates=3)
    for token, score, candidates in zip(
        found.target_tokens, found.token_scores, found.candidates, strict=True
    ):
        assert len(candidates) == 3
        assert candidates[0] == (token, pytest.approx(np.exp(score)))
        assert candidates[0][1] >= candidates[1][1] >= candidates[2][1]


class OwnAttention(layers.Decoder):
    """A decoder that attends in a way of its own: to the first half of the source, evenly."""

    output_size = 4

    def build(self, inputs_shape: Any, memory_shape: Any, *shapes: Any) -> None:
        self.built = True

    def prepare(self, memory: Any, memory_mask: Any = None) -> list[Any]:
        return [memory]

    def start(self, initial_state: Any, prepared: Any, max_length: Any) -> list[Any]:
        return []

    def _weights(self, memory: Any, rows: Any) -> Any:
        length = keras.ops.shape(memory)[1]
        half = keras.ops.cast(keras.ops.arange(length) < (length + 1) // 2, "float32")
        return keras.ops.broadcast_to(half / keras.ops.sum(half), (rows, length))

    def step(self, inputs: Any, state: Any, prepared: Any) -> Any:  # type: ignore[override]
        return inputs, state, self._weights(prepared[0], keras.ops.shape(inputs)[0])

    def call(
        self, inputs: Any, memory: Any, initial_state: Any = None, memory_mask: Any = None
    ) -> Any:
        batch, target_length = keras.ops.shape(inputs)[:2]
        rows = self._weights(memory, batch * target_length)
        return inputs, [], keras.ops.reshape(rows, (batch, target_length, -1))

    def compute_output_spec(self, inputs: Any, memory: Any, *arguments: Any, **options: Any) -> Any:
        shape = (*inputs.shape[:2], memory.shape[1])
        outputs = keras.KerasTensor(inputs.shape, dtype="float32")
        return outputs, [], keras.KerasTensor(shape, dtype="float32")


def test_scores_that_are_not_to_be_had_are_logarithms_of_the_weights(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    codec = translators("luong").source_codec
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    embed = layers.TokenEmbedding(codec.vocabulary_size, 4)
    outputs = OwnAttention()(embed(target_ids), embed(source_ids))[0]
    logits = keras.layers.Dense(codec.vocabulary_size)(outputs)
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    limits = {"max_length": 2}
    search = kerasseq.search.GreedySearch(length_limits=limits)
    found = trace(kerasseq.Translator(codec, codec, network, search), "a b")
    assert found.score_name == ""
    np.testing.assert_allclose(found.attention_weights[0, 0], [0.5, 0.5, 0.0])
    np.testing.assert_allclose(found.scores[0, 0, :2], np.log([0.5, 0.5]))
    assert found.states.shape[1] == found.contexts.shape[1] == found.handed_on.shape[1] == 0


def test_the_tree_holds_the_translations(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    translator = translators("luong")
    nodes = trace_beams(translator, TEXT)
    translation = eager(translator)
    by_rank = {node.rank: node for node in nodes if node.rank is not None}
    assert sorted(by_rank) == list(range(len(translation.alternatives)))
    for rank, alternative in enumerate(translation.alternatives):
        node = by_rank[rank]
        tokens = [node.token]
        while node.parent is not None:
            node = nodes[node.parent]
            tokens.insert(0, node.token)
        assert tokens == alternative.target_tokens
        assert by_rank[rank].score == pytest.approx(alternative.score, abs=1e-4)
        assert by_rank[rank].ended == alternative.finished


def test_messages(translators: Callable[[str], kerasseq.Translator]) -> None:
    translator = translators("luong")
    with pytest.raises(ValueError, match=r"`rank` must be below 2, .*Received: 2\."):
        trace(translator, TEXT, rank=2)
    with pytest.raises(TypeError, match=r"`text` must be a string\. Received: \['a'\]"):
        trace(translator, ["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"must search with beams\. Received: GreedySearch\."):
        trace_beams(translator.with_search("greedy"), TEXT)
    ensemble = kerasseq.translation.Ensemble([translator.network])
    codec = translator.source_codec
    with pytest.raises(TypeError, match=r"must have one network.*Received: Ensemble\."):
        trace(kerasseq.Translator(codec, codec, ensemble), TEXT)


def test_a_surrogate_alone_is_read_as_the_translator_reads_it(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    text = f"\ud800 {TEXT}"
    found = trace(translators("luong"), text)
    assert (
        found.source_tokens
        == trace(translators("luong"), text.replace("\ud800", "\ufffd")).source_tokens
    )
    assert trace_beams(translators("luong"), text)


def test_the_weights_of_a_shorter_memory_are_shared_among_its_tokens() -> None:
    codec = kerasseq.text.TextCodec.train([TEXT], "word", vocabulary_size=20)
    size = codec.vocabulary_size
    units = {"embedding_units": 6, "encoder_units": 4, "decoder_units": 8}
    network = kerasseq.models.build(
        "bidirectional_luong", size, size, encoder="pyramidal", encoder_layers=2, **units
    )
    translator = kerasseq.Translator(codec, codec, network, search="greedy")
    found = trace(translator, TEXT)
    weights = weights_by_head(translator, found)
    assert weights.shape == (1, len(found.target_tokens), len(found.source_tokens))
    assert found.attention_weights.shape[2] < weights.shape[2]
    np.testing.assert_allclose(weights.sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(weights[0], eager(translator).attention_weights, atol=1e-5)


def test_a_trace_is_of_what_the_translator_was_asked_for(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    """Samples are drawn by the text, long texts are cut, and unknown words replaced."""
    plain = translators("luong")
    banned = [0, 2, *range(6, plain.target_codec.vocabulary_size)]  # of four, one is unknown
    made = kerasseq.Translator(
        plain.source_codec,
        plain.target_codec,
        plain.network,
        {
            **{"name": "sampling", "n_best": 5, "temperature": 9.0},
            **{"constraints": {"banned_ids": banned}, "length_limits": {"max_length": 4}},
        },
        max_source_length=4,
        replace_unknown=True,
    )
    text = f"yyy zzz xxx {TEXT}"
    texts = tf.constant([text])
    translation = next(read_translations(texts, made.translate_batch(texts)))
    for rank, alternative in enumerate(translation.alternatives):
        found = trace(made, text, rank)
        assert found.source_tokens == translation.source_tokens
        assert (found.text, found.target_tokens) == (alternative.text, alternative.target_tokens)
    assert translation.truncated
    assert not any("⁇" in each.text for each in translation.alternatives)
    assert any({*each.text.split()} & {"yyy", "zzz", "xxx"} for each in translation.alternatives)


def test_a_tree_keeps_to_the_limits_of_the_length(
    translators: Callable[[str], kerasseq.Translator],
) -> None:
    limits = {"min_length": 4, "max_length": 5}
    search = {"name": "beam", "num_beams": 2, "length_limits": limits}
    nodes = trace_beams(translators("luong").with_search(search), TEXT)
    depths: dict[int, int] = {}
    for place, node in enumerate(nodes):
        depths[place] = 0 if node.parent is None else depths[node.parent] + 1
    assert {depths[place] for place, node in enumerate(nodes) if node.ended} <= {3, 4}
    assert max(depths.values()) >= 3


def test_a_rank_counts_from_0(translators: Callable[[str], kerasseq.Translator]) -> None:
    with pytest.raises(ValueError, match=r"`rank` must be an integer of at least 0\. .* -1\."):
        trace(translators("luong"), TEXT, rank=-1)
    with pytest.raises(ValueError, match=r"`num_candidates` must be .* at least 1\. Received: 0"):
        trace(translators("luong"), TEXT, num_candidates=0)
