"""Networks with the user's own layers around ours: steps, padding, batches, beams, searches."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import layers
from kerasseq.models import SequenceToSequence
from kerasseq.search import BeamSearch, SearchResult

Array = np.ndarray


def plain(graph: Any) -> Any:
    memory, state = graph.encode()
    outputs, _, _ = graph.decoder()(graph.embed("target")(graph.target_ids), memory, state)
    return graph.head()(outputs)


def without_state(graph: Any) -> Any:
    memory, _ = graph.encode()
    outputs, _, _ = graph.decoder()(graph.embed("target")(graph.target_ids), memory)
    return graph.head()(outputs)


def layers_all_around(graph: Any) -> Any:
    """The user's own before, between and after ours."""
    embedded = graph.embed("source")(graph.source_ids)
    embedded = keras.layers.LayerNormalization()(keras.layers.Dense(7, "relu")(embedded))
    memory, state = graph.encode(keras.layers.Dropout(0.3)(embedded))
    memory = keras.layers.Dense(9, "tanh")(memory)
    state = [keras.layers.Dense(8)(tensor) for tensor in state]
    target = keras.layers.LayerNormalization()(graph.embed("target")(graph.target_ids))
    target = keras.layers.Dense(10, "relu")(keras.layers.Dropout(0.3)(target))
    outputs, _, _ = graph.decoder(input_feeding=True, wiring="luong")(target, memory, state)
    outputs = keras.layers.Dropout(0.3)(keras.layers.Dense(11, "relu")(outputs))
    return graph.head()(keras.layers.LayerNormalization()(outputs))


def head_reads_target_embedding(graph: Any) -> Any:
    memory, state = graph.encode()
    embedded = graph.embed("target")(graph.target_ids)
    outputs, _, _ = graph.decoder()(embedded, memory, state)
    return graph.head()(keras.layers.Concatenate()([outputs, embedded]))


def head_reads_pooled_source(graph: Any) -> Any:
    memory, state = graph.encode()
    embedded = graph.embed("target")(graph.target_ids)
    outputs, _, _ = graph.decoder()(embedded, memory, state)
    pooled = keras.layers.GlobalAveragePooling1D()(memory)
    added = keras.layers.Add()([outputs, keras.layers.Reshape((1, 8))(pooled)])
    return graph.head()(added)


def head_reads_attention_weights(graph: Any) -> Any:
    """A second context, of another memory: the embedded source."""
    embedded_source = graph.embed("source")(graph.source_ids)
    memory, state = graph.encode(embedded_source)
    embedded = graph.embed("target")(graph.target_ids)
    outputs, _, weights = graph.decoder()(embedded, memory, state)
    context = ops.matmul(weights, embedded_source)
    return graph.head()(keras.layers.Concatenate()([outputs, context]))


def head_attends_itself(graph: Any) -> Any:
    """Keras' own attention over the memory, which needs the mask that comes with it."""
    memory, state = graph.encode()
    embedded = graph.embed("target")(graph.target_ids)
    outputs, _, _ = graph.decoder()(embedded, memory, state)
    return graph.head()(keras.layers.Attention()([outputs, memory]))


def target_reads_source(graph: Any) -> Any:
    """The context as an input at every step, composed by hand."""
    memory, state = graph.encode()
    embedded = keras.layers.Dense(8)(graph.embed("target")(graph.target_ids))
    pooled = keras.layers.Reshape((1, 8))(keras.layers.GlobalAveragePooling1D()(memory))
    outputs, _, _ = graph.decoder()(embedded + pooled, memory, state)
    return graph.head()(outputs)


def explicit_mask(graph: Any) -> Any:
    memory, state = graph.encode()
    embedded = graph.embed("target")(graph.target_ids)
    mask = ops.not_equal(graph.source_ids, 0)
    outputs, _, _ = graph.decoder()(embedded, memory + 1, state, memory_mask=mask)
    return graph.head()(outputs)


def shared_embedding(graph: Any) -> Any:
    embed = graph.embed("shared")
    memory, state = graph.encode(embed(graph.source_ids))
    outputs, _, _ = graph.decoder()(embed(graph.target_ids), memory, state)
    return graph.head()(outputs)


def head_reads_what_a_layer_of_its_own_made(graph: Any) -> Any:
    """A tied output that reads the target embedding: one layer before the cut and behind it."""
    embed = layers.TokenEmbedding(12, 8, tied=True, name="target")
    memory, state = graph.encode()
    embedded = embed(graph.target_ids)
    outputs, _, _ = graph.decoder()(embedded, memory, state)
    return embed(keras.layers.Dense(8)(outputs + embedded), reverse=True)


def no_attention(graph: Any) -> Any:
    memory, state = graph.encode()
    embedded = graph.embed("target")(graph.target_ids)
    decoder = layers.RecurrentDecoder(8, cell="gru", context="both")
    outputs, _, _ = decoder(embedded, memory, state)
    return graph.head()(outputs)


def no_head(graph: Any) -> Any:
    memory, state = graph.encode()
    embedded = graph.embed("target")(graph.target_ids)
    return graph.decoder(readout_units=12)(embedded, memory, state)[0]


GRAPHS = (
    *(plain, without_state, layers_all_around, head_reads_target_embedding),
    *(head_reads_pooled_source, head_reads_attention_weights, head_attends_itself),
    *(target_reads_source, explicit_mask, shared_embedding, no_attention, no_head),
    head_reads_what_a_layer_of_its_own_made,
)


@pytest.mark.parametrize("make", GRAPHS, ids=lambda make: make.__name__)
def test_a_whole_target_equals_its_steps_padded_or_not_in_any_batch(
    composition: Any,
    batch: Any,
    whole: Callable[..., Array],
    stepped: Callable[..., Array],
    save_and_load: Callable[..., SequenceToSequence],
    make: Callable[[Any], Any],
) -> None:
    """Rows of a step are `batch * beams`, the beams of a source side by side."""
    network = composition.network(make(composition))
    expected = whole(network, batch)
    beams = stepped(network, batch, beams=2)
    np.testing.assert_allclose(beams, np.repeat(expected, 2, axis=0), atol=1e-5)
    padded = batch._replace(source_ids=np.pad(batch.source_ids, ((0, 0), (0, 3))))
    np.testing.assert_allclose(whole(network, padded), expected, atol=1e-5)
    np.testing.assert_allclose(stepped(network, padded), expected, atol=1e-5)
    alone = batch._replace(source_ids=batch.source_ids[1:2, :3], target_ids=batch.target_ids[1:2])
    np.testing.assert_allclose(whole(network, alone), expected[1:2], atol=1e-5)
    np.testing.assert_allclose(stepped(network, alone), expected[1:2], atol=1e-5)
    save_and_load(make.__name__, network)


def search(network: SequenceToSequence, source_ids: Array, **options: Any) -> SearchResult:
    step, state, mask = network.start_search(ops.convert_to_tensor(source_ids), 6)
    limits = np.full(len(source_ids), 6)
    found = BeamSearch(**options)(step, state, limits, source_ids.shape[1], source_mask=mask)
    return SearchResult(*(ops.convert_to_numpy(tensor) for tensor in found))


def test_neither_padding_nor_the_other_rows_change_what_a_search_finds(
    composition: Any, batch: Any
) -> None:
    network = composition.network(layers_all_around(composition))
    found = search(network, batch.source_ids, num_beams=3, n_best=2)
    padded = search(network, np.pad(batch.source_ids, ((0, 0), (0, 3))), num_beams=3, n_best=2)
    np.testing.assert_array_equal(padded.token_ids, found.token_ids)
    np.testing.assert_allclose(padded.scores, found.scores, atol=1e-5)
    for row, length in enumerate((5, 3, 2)):
        source_ids = batch.source_ids[row : row + 1, :length]
        alone = search(network, source_ids, num_beams=3, n_best=2)
        np.testing.assert_array_equal(alone.token_ids, found.token_ids[row : row + 1])
        np.testing.assert_allclose(alone.scores, found.scores[row : row + 1], atol=1e-5)
        weights = found.attention_weights[row : row + 1, ..., :length]
        np.testing.assert_allclose(alone.attention_weights, weights, atol=1e-5)


@pytest.mark.backend
def test_the_score_of_a_hypothesis_is_what_the_whole_target_says_of_it(
    composition: Any, batch: Any, whole: Callable[..., Array]
) -> None:
    network = composition.network(head_reads_target_embedding(composition))
    found = search(network, batch.source_ids, num_beams=2)
    tokens = found.token_ids[:, 0]
    starts = np.full((3, 1), 2, "int32")
    forced = batch._replace(target_ids=np.concatenate([starts, tokens[:, :-1]], axis=1))
    log_probabilities = np.take_along_axis(whole(network, forced), tokens[..., None], axis=-1)
    real = np.arange(6) < found.lengths
    expected = np.sum(log_probabilities[..., 0] * real, axis=1)
    np.testing.assert_allclose(found.scores[:, 0], expected, atol=1e-5)


def test_nothing_is_dropped_in_a_search_whatever_the_call_around_it(
    composition: Any, batch: Any, stepped: Callable[..., Array]
) -> None:
    network = composition.network(layers_all_around(composition))

    class Around(keras.layers.Layer):
        def call(self, inputs: Any, training: bool | None = None) -> Any:
            return ops.convert_to_tensor(stepped(network, batch))

    found = ops.convert_to_numpy(Around()(ops.zeros((1,)), training=True))
    np.testing.assert_array_equal(found, stepped(network, batch))
