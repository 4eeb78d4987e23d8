from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import layers, models


def test_a_convolution_between_target_and_decoder_is_named_as_suspect(composition: Any) -> None:
    memory, state = composition.encode()
    # Nothing masks here, so that Keras does not warn of a mask that is lost.
    embedded = keras.layers.Embedding(12, 6, "random_normal")(composition.target_ids)
    embedded = keras.layers.Conv1D(6, 3, padding="causal", name="mixer")(embedded)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    network = composition.network(composition.head()(outputs))
    with pytest.raises(ValueError, match=r"(?s)steps differ by 0\.\d+. Suspects: 'mixer'\."):
        network.check()


def test_a_reader_behind_the_decoder_is_named_as_suspect(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    outputs = keras.layers.GRU(8, return_sequences=True, name="reader")(outputs)
    network = composition.network(composition.head()(outputs))
    with pytest.raises(ValueError, match="(?s)one step at a time.* Suspects: 'reader'"):
        network.check()


def test_an_operation_that_is_no_layer_is_named_too(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    network = composition.network(composition.head()(ops.cumsum(outputs, axis=1)))
    with pytest.raises(ValueError, match=r"(?s)Suspects: 'cumsum\w*'"):
        network.check()


@pytest.mark.filterwarnings("ignore:Layer 'conv.*does not support masking:UserWarning")
def test_a_layer_that_reads_padding_is_an_error_although_a_mask_is_given(composition: Any) -> None:
    embedded = layers.TokenEmbedding(12, 6, embeddings_initializer="random_normal")(
        composition.source_ids
    )
    memory = keras.layers.Conv1D(8, 3, padding="same")(embedded)
    mask = ops.not_equal(composition.source_ids, 0)
    target = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(target, memory, memory_mask=mask)
    network = composition.network(composition.head()(outputs))
    with pytest.raises(ValueError, match=r"(?s)Padding must change no answer.* differ by 0\.\d+"):
        network.check()


def test_a_network_without_masks_is_warned_of_padding(
    composition: Any, caplog: pytest.LogCaptureFixture
) -> None:
    memory, state = composition.encode(keras.layers.Embedding(12, 6)(composition.source_ids))
    target = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(target, memory, state)
    composition.network(composition.head()(outputs)).check()
    assert "No mask of the source is known" in caplog.text
    assert "Embed the source with `TokenEmbedding`" in caplog.text


def test_a_network_that_reads_no_padding_needs_no_mask(
    composition: Any, caplog: pytest.LogCaptureFixture
) -> None:
    embedded = keras.layers.Embedding(12, 8, "random_normal")(composition.source_ids)
    real = ops.cast(ops.not_equal(composition.source_ids, 0), "float32")
    pooled = ops.sum(embedded * ops.expand_dims(real, -1), axis=1, keepdims=True)
    memory = ops.concatenate([pooled, -pooled], axis=1)  # two positions, both real
    target = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(target, memory)
    composition.network(composition.head()(outputs)).check()
    assert caplog.text == ""


@keras.saving.register_keras_serializable("tests")
class NeverPad(keras.layers.Layer):
    """Forbids padding."""

    def call(self, logits: Any) -> Any:
        return ops.where(ops.arange(ops.shape(logits)[-1]) == 0, -np.inf, logits)

    def compute_output_spec(self, logits: Any) -> Any:
        return keras.KerasTensor(logits.shape, dtype=logits.dtype)


def test_a_network_may_forbid_padding(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    composition.network(NeverPad()(composition.head()(outputs))).check()


def test_a_network_with_masks_is_not(plain_network: Any, caplog: pytest.LogCaptureFixture) -> None:
    plain_network().check()
    assert caplog.text == ""


def test_inputs_of_one_length_are_refused_with_the_way_out() -> None:
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((7,), dtype="int32", name="target_ids")
    embed = layers.TokenEmbedding(12, 6)
    memory, state = layers.RecurrentEncoder(4)(embed(source_ids))
    outputs, _, _ = layers.RecurrentDecoder(4)(embed(target_ids), memory, state)
    network = models.SequenceToSequence(source_ids, target_ids, keras.layers.Dense(12)(outputs))
    message = r"`keras\.Input\(\(None,\)\)`.* Received: 'target_ids' of shape \(None, 7\)"
    with pytest.raises(ValueError, match=message):
        network.check()


def test_a_vocabulary_may_have_fewer_tokens_than_the_batch_would_draw(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = layers.TokenEmbedding(2, 6)(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    composition.network(keras.layers.Dense(2)(outputs)).check()


def test_a_pad_id_of_the_users_own_passes(composition: Any) -> None:
    """What stands behind the source then is a real token, and nothing can be said."""
    embed = layers.TokenEmbedding(12, 6, pad_id=11)
    memory, state = composition.encode(embed(composition.source_ids))
    outputs, _, _ = composition.decoder()(embed(composition.target_ids), memory, state)
    composition.network(composition.head()(outputs)).check()


def nested_model(graph: Any) -> tuple[Any, Any]:
    source_ids = keras.Input((None,), dtype="int32")
    memory, state = graph.encode(graph.embed("source_embedding")(source_ids))
    memory, *state = keras.Model(source_ids, [memory, *state])(graph.source_ids)
    return memory, state


def sequential_model(graph: Any) -> tuple[Any, Any]:
    stack = [keras.Input((None,), dtype="int32"), graph.embed("source_embedding")]
    return graph.encode(keras.Sequential([*stack, keras.layers.Dense(6)])(graph.source_ids))


class OwnEncoder(keras.layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = layers.TokenEmbedding(12, 6)
        self.encoder = layers.RecurrentEncoder(8, cell="gru")

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.embedding.build(shape)
        self.encoder.build((*shape, 6))
        self.built = True

    def call(self, source_ids: Any) -> Any:
        return self.encoder(self.embedding(source_ids))


def own_layer(graph: Any) -> tuple[Any, Any]:
    return OwnEncoder()(graph.source_ids)


def test_a_file_in_half_precision_is_judged_by_its_own_in_a_session_of_float32(
    plain_network: Callable[..., Any], in_policy: Callable[[str], Any], tmp_path: Path
) -> None:
    with in_policy("mixed_bfloat16"):
        network = plain_network()
    generator = np.random.default_rng(3)
    network.set_weights([generator.normal(0, 1, w.shape) for w in network.get_weights()])
    network.save(tmp_path / "half.keras")
    loaded = keras.models.load_model(tmp_path / "half.keras")
    assert (loaded.compute_dtype, loaded.decoder.compute_dtype) == ("float32", "bfloat16")
    loaded.check()


HIDING_MASKS = [nested_model, sequential_model, own_layer]


@pytest.mark.parametrize("hide", HIDING_MASKS)
def test_a_mask_that_the_graph_does_not_show_is_an_error_with_the_way_out(
    composition: Any, hide: Callable[[Any], tuple[Any, Any]]
) -> None:
    """Training masks the padding; search, which cannot see how, would attend to it."""
    memory, state = hide(composition)
    target = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(target, memory, state)
    network = composition.network(composition.head()(outputs))
    message = r"(?s)same in training and in search.*by 0\.\d+.*`memory_mask=ops.not_equal\(source"
    with pytest.raises(ValueError, match=message):
        network.check()


def test_a_hidden_mask_of_what_the_head_reads_is_an_error_too(composition: Any) -> None:
    source_ids = keras.Input((None,), dtype="int32")
    embed = layers.TokenEmbedding(12, 8, embeddings_initializer="random_normal")
    words = keras.Model(source_ids, embed(source_ids))(composition.source_ids)
    memory, state = composition.encode()
    target = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(target, memory, state)
    looked_up = keras.layers.Attention()([outputs, words])
    network = composition.network(composition.head()(looked_up + outputs))
    with pytest.raises(ValueError, match="(?s)mask of the source .*same in training and in search"):
        network.check()


@pytest.mark.parametrize("hide", HIDING_MASKS)
def test_a_mask_that_the_decoder_is_given_passes(
    composition: Any, hide: Callable[[Any], tuple[Any, Any]]
) -> None:
    memory, state = hide(composition)
    target = composition.embed("target_embedding")(composition.target_ids)
    mask = ops.not_equal(composition.source_ids, 0)
    outputs, _, _ = composition.decoder()(target, memory, state, memory_mask=mask)
    composition.network(composition.head()(outputs)).check()


def test_weights_that_are_no_numbers_are_named(plain_network: Any) -> None:
    """And not taken for a layer that mixes positions."""
    network = plain_network()
    weight = network.trainable_weights[0]
    weight.assign(weight * float("nan"))
    with pytest.raises(ValueError, match=f"must give numbers.*NaN or infinity in {weight.path}"):
        network.check()
