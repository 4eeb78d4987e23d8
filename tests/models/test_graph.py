from typing import Any

import keras
import pytest
from keras import ops

from kerasseq.layers import PyramidalEncoder
from kerasseq.models.graph import (
    Graph,
    layers_within,
    loser_of_mask,
    made_by,
    mask_of,
    parents,
    time_reduction,
)


def test_a_tensor_reads_what_it_is_made_from(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    logits = composition.head()(outputs)
    graph = Graph(composition.source_ids, composition.target_ids, logits)
    assert graph.reads(memory) == {"source_ids"}
    assert graph.reads(embedded) == {"target_ids"}
    assert graph.reads(logits) == {"source_ids", "target_ids", "decoder"}


def test_the_calls_of_decoders_come_with_their_arguments_by_name(composition: Any) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    decoder = composition.decoder()
    outputs, _, weights = decoder(embedded, memory=memory, initial_state=state)
    graph = Graph(composition.source_ids, composition.target_ids, composition.head()(outputs))
    (call,) = graph.decoder_calls()
    assert call.decoder is decoder
    assert call.arguments["memory"] is memory
    assert call.arguments["initial_state"] == state
    assert call.outputs[0] is outputs
    assert call.outputs[-1] is weights


def test_a_boundary_is_where_the_walk_back_stops() -> None:
    first, second = keras.Input((3,)), keras.Input((3,))
    halved = first / 2
    total = ops.add(halved * 3, second)
    graph = Graph(first, second, total)
    found = graph.boundary([total], lambda tensor: tensor is halved or tensor is second)
    assert {id(tensor) for tensor in found} == {id(halved), id(second)}


def test_what_an_operation_has_read_and_which_it_was() -> None:
    inputs = keras.Input((3,))
    dense = keras.layers.Dense(2)
    outputs = dense(inputs)
    assert made_by(outputs) is dense
    assert parents(outputs)[0] is inputs


def test_the_loser_of_a_mask_is_the_operation_behind_the_last_mask() -> None:
    embedded = keras.layers.Embedding(5, 3, mask_zero=True)(keras.Input((None,), dtype="int32"))
    assert mask_of(embedded) is not None
    lost = embedded * 2
    later = keras.layers.Dense(3)(lost)
    assert mask_of(later) is None
    assert loser_of_mask(later) is made_by(lost)


def test_positions_are_joined_along_a_path_and_not_across_paths() -> None:
    inputs = keras.Input((None, 4))
    first, _ = PyramidalEncoder(2, num_layers=2)(inputs)
    second, _ = PyramidalEncoder(2, num_layers=2)(inputs)
    joined = keras.layers.Concatenate()([first, second])
    assert [time_reduction(each) for each in (inputs, first, joined)] == [1, 2, 2]
    above, _ = PyramidalEncoder(2, num_layers=2, reduction=3)(joined)
    assert time_reduction(above) == 6
    assert time_reduction(keras.Model(inputs, joined)(keras.Input((None, 4)))) == 2
    several = keras.Model(inputs, [above, first])(keras.Input((None, 4)))
    assert [time_reduction(each) for each in several] == [6, 2]
    in_a_row = keras.Sequential([keras.Input((None, 4)), keras.layers.Dense(4)])
    assert time_reduction(in_a_row(first)) == 2


def test_layers_within_come_after_what_holds_them() -> None:
    inner = keras.layers.Dense(2)
    outer = keras.Sequential([keras.Input((3,)), inner])
    assert [layer for layer in layers_within(outer) if layer in (outer, inner)] == [outer, inner]


def test_a_layer_that_returns_its_own_input_is_named() -> None:
    class Same(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

        def compute_output_spec(self, inputs: Any) -> Any:
            return inputs

    first, second = keras.Input((3,)), keras.Input((3,))
    total = Same(name="same")(first + 1) + second
    with pytest.raises(ValueError, match="Received: 'same', which returns its input"):
        Graph(first, second, total)
