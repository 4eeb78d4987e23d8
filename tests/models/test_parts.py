from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import ops

from kerasseq import layers
from kerasseq.models.parts import Parts


def parts_of(graph: Any, logits: Any) -> Parts:
    return Parts(graph.source_ids, graph.target_ids, logits)


def names(tensors: list[Any]) -> list[str]:
    return [tensor.name for tensor in tensors]


def test_a_graph_falls_into_three_parts_that_share_its_layers(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    decoder, head = composition.decoder(), composition.head()
    outputs, _, _ = decoder(embedded, memory, state)
    parts = parts_of(composition, head(outputs))
    assert parts.decoder is decoder
    assert {layer.name for layer in parts.source.layers} == {
        "source_ids",
        "source_embedding",
        "encoder",
        "bridge",
    }
    assert [layer.name for layer in parts.target.layers] == ["target_ids", "target_embedding"]
    assert parts.head is not None
    assert parts.head.layers[-1] is head


def test_decoder_outputs_that_are_the_logits_need_no_head(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    logits, _, _ = composition.decoder(readout_units=12)(embedded, memory, state)
    assert parts_of(composition, logits).head is None


def test_a_head_reads_the_target_embedding_and_a_vector_of_the_source(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    pooled = keras.layers.GlobalAveragePooling1D()(memory)
    joined = keras.layers.Concatenate()([outputs, embedded])
    added = keras.layers.Add()(
        [keras.layers.Dense(8)(joined), keras.layers.Reshape((1, 8))(pooled)]
    )
    parts = parts_of(composition, composition.head()(added))
    assert any(tensor is embedded for tensor in parts.target_outputs)
    assert len(parts.head_tensors) == 3
    assert len(parts.extras) == 1


def test_logits_without_a_decoder_are_refused(composition: Any) -> None:
    logits = composition.head()(composition.embed("target_embedding")(composition.target_ids))
    with pytest.raises(ValueError, match="an output of 'logits' with no decoder before it"):
        parts_of(composition, logits)


def test_logits_beside_a_decoder_are_refused(composition: Any) -> None:
    """There is one in the graph, and the output does not depend on it."""
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    composition.decoder()(embedded, memory, state)
    with pytest.raises(ValueError, match="an output of 'logits' with no decoder before it"):
        parts_of(composition, composition.head()(embedded))


def test_two_decoders_are_refused_by_their_names(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder(name="lower")(embedded, memory, state)
    outputs, _, _ = composition.decoder(name="upper")(outputs, memory, state)
    with pytest.raises(ValueError, match=r"Received: 2 calls \('lower', 'upper'\)"):
        parts_of(composition, composition.head()(outputs))


def test_a_decoder_that_is_called_twice_is_refused(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = keras.layers.Dense(8)(composition.embed("embedding")(composition.target_ids))
    decoder = composition.decoder()
    outputs, _, _ = decoder(embedded, memory, state)
    outputs, _, _ = decoder(outputs, memory, state)
    with pytest.raises(ValueError, match=r"Received: 2 calls \('decoder', 'decoder'\)"):
        parts_of(composition, composition.head()(outputs))


def test_a_second_call_that_the_logits_do_not_read_is_nobodys_business(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("embedding")(composition.target_ids)
    decoder = composition.decoder()
    outputs, _, _ = decoder(embedded, memory, state)
    decoder(embedded, memory, state)
    assert parts_of(composition, composition.head()(outputs)).decoder is decoder


def test_decoder_inputs_made_from_the_source_are_refused(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("wrong_embedding")(composition.source_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    added = keras.layers.Concatenate()([outputs, composition.embed("e")(composition.target_ids)])
    with pytest.raises(ValueError, match="an output of 'wrong_embedding', which does not read"):
        parts_of(composition, composition.head()(added))


def memory_of_target(graph: Any, target: Any) -> dict[str, Any]:
    memory, state = graph.encode(target)
    return {"memory": memory, "initial_state": graph.encode()[1]}


def state_of_target(graph: Any, target: Any) -> dict[str, Any]:
    return {"memory": graph.encode()[0], "initial_state": graph.encode(target)[1]}


def mask_of_target(graph: Any, target: Any) -> dict[str, Any]:
    mask = ops.not_equal(graph.target_ids, 0)
    return {"memory": graph.encode()[0], "memory_mask": mask}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (memory_of_target, "`memory` .*'encoder', which reads `target_ids`"),
        (state_of_target, "`initial_state` .*'bridge', which reads `target_ids`"),
        (mask_of_target, "`memory_mask` .*which reads `target_ids`"),
    ],
)
def test_what_the_decoder_reads_of_the_source_is_not_made_from_the_target(
    composition: Any, make: Callable[..., Any], message: str
) -> None:
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, **make(composition, embedded))
    with pytest.raises(ValueError, match=f"(?s){message}"):
        parts_of(composition, composition.head()(outputs))


def test_a_third_input_is_refused_by_its_name(composition: Any) -> None:
    memory, state = composition.encode()
    more = keras.Input((None, 6), name="features")
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    logits = composition.head()(keras.layers.Concatenate()([outputs, more]))
    with pytest.raises(ValueError, match="logits that also read the input 'features'"):
        parts_of(composition, logits)


def test_a_head_that_reads_the_last_state_is_refused(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, (last,), _ = composition.decoder()(embedded, memory, state)
    logits = composition.head()(outputs + keras.layers.Reshape((1, 8))(last))
    with pytest.raises(ValueError, match="the state after the last position of decoder 'decoder'"):
        parts_of(composition, logits)


def lose_by_addition(memory: Any) -> Any:
    return memory + memory


def lose_by_concatenation(memory: Any) -> Any:
    return keras.layers.Dense(8)(ops.concatenate([memory, memory], axis=-1))


def lose_by_convolution(memory: Any) -> Any:
    with pytest.warns(UserWarning, match="does not support masking"):
        return keras.layers.Conv1D(8, 3, padding="same", name="conv")(memory)


@pytest.mark.parametrize(
    ("lose", "name"),
    [
        (lose_by_addition, "add"),
        (lose_by_concatenation, "concatenate"),
        (lose_by_convolution, "conv"),
    ],
)
def test_a_mask_that_is_lost_on_the_way_to_memory_is_an_error_that_names_the_layer(
    composition: Any, lose: Callable[[Any], Any], name: str
) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, lose(memory), state)
    with pytest.raises(ValueError, match=rf"attend to padding. Layer '{name}\w*' lost it"):
        parts_of(composition, composition.head()(outputs))


def test_a_mask_that_calls_padding_real_is_an_error_that_names_the_layer(
    composition: Any,
) -> None:
    ids = composition.source_ids
    features = keras.layers.Embedding(4, 4)(ids % 4)
    joined = keras.layers.Concatenate(name="features")([composition.embed("words")(ids), features])
    memory, state = composition.encode(joined)
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    with pytest.raises(ValueError, match="Layer 'features' joins tensors .* calls padding real"):
        parts_of(composition, composition.head()(outputs))


def test_an_explicit_mask_stands_in_for_one_that_was_lost(composition: Any) -> None:
    memory, state = composition.encode()
    mask = ops.not_equal(composition.source_ids, 0)
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory + memory, state, memory_mask=mask)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is mask


def test_an_explicit_mask_counts_though_the_memory_has_one(composition: Any) -> None:
    """As the decoder itself takes it."""
    memory, state = composition.encode()
    mask = ops.greater(composition.source_ids, 3)
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state, memory_mask=mask)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is mask


def test_an_explicit_mask_stands_in_for_one_that_calls_padding_real(composition: Any) -> None:
    ids = composition.source_ids
    features = keras.layers.Embedding(4, 4)(ids % 4)
    joined = keras.layers.Concatenate()([composition.embed("words")(ids), features])
    memory, state = composition.encode(joined, mask=ops.not_equal(ids, 0))
    embedded = composition.embed("target_embedding")(composition.target_ids)
    mask = ops.not_equal(ids, 0)
    outputs, _, _ = composition.decoder()(embedded, memory, state, memory_mask=mask)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is mask


def test_keras_own_merging_layers_keep_the_mask(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    merged = keras.layers.Add()([memory, memory])
    outputs, _, _ = composition.decoder()(embedded, merged, state)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is not None


def test_a_layer_that_is_given_a_mask_beside_what_has_one_joins_nothing(composition: Any) -> None:
    ids = composition.source_ids
    memory, state = composition.encode(composition.embed("words")(ids), mask=ops.not_equal(ids, 0))
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is not None


def test_a_memory_of_one_pooled_vector_has_no_positions_to_mask(composition: Any) -> None:
    memory, state = composition.encode()
    pooled = keras.layers.Reshape((1, 8))(keras.layers.GlobalAveragePooling1D()(memory))
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, pooled, state)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is None


def test_a_source_without_masks_is_all_real(composition: Any) -> None:
    memory, state = composition.encode(keras.layers.Embedding(12, 6)(composition.source_ids))
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    assert parts_of(composition, composition.head()(outputs)).memory_mask is None


def test_suspects_are_what_does_not_treat_each_position_alone_by_type(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = layers.TokenEmbedding(12, 6)(composition.target_ids)
    embedded = keras.layers.Dropout(0.1)(keras.layers.Dense(6)(embedded))
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    outputs = keras.layers.LSTM(8, return_sequences=True, name="reader")(outputs)
    logits = composition.head()(keras.layers.LayerNormalization()(outputs))
    assert parts_of(composition, logits).suspects() == ["reader"]
