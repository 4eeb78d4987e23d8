from typing import Any

import keras
import pytest
from keras import ops

from kerasseq import layers


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


def test_a_network_without_masks_is_not_asked_about_padding(composition: Any) -> None:
    memory, state = composition.encode(keras.layers.Embedding(12, 6)(composition.source_ids))
    target = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(target, memory, state)
    composition.network(composition.head()(outputs)).check()


def test_a_pad_id_of_the_users_own_passes(composition: Any) -> None:
    """What stands behind the source then is a real token, and nothing can be said."""
    embed = layers.TokenEmbedding(12, 6, pad_id=11)
    memory, state = composition.encode(embed(composition.source_ids))
    outputs, _, _ = composition.decoder()(embed(composition.target_ids), memory, state)
    composition.network(composition.head()(outputs)).check()
