from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import layers
from kerasseq.models import SequenceToSequence, search_step
from kerasseq.search import BeamSearch, GreedySearch

Array = np.ndarray


def test_the_mask_of_the_source_says_what_is_real(
    plain_network: Callable[..., SequenceToSequence], batch: Any
) -> None:
    network = plain_network()
    _, state, mask = network.start_search(ops.convert_to_tensor(batch.source_ids), 4)
    np.testing.assert_array_equal(ops.convert_to_numpy(mask), batch.source_ids != 0)
    assert [tuple(tensor.shape) for tensor in state] == [(3, 8)]


def test_an_empty_batch_has_its_shapes(
    plain_network: Callable[..., SequenceToSequence],
) -> None:
    network = plain_network()
    step, state, _ = network.start_search(ops.zeros((0, 5), "int32"), 4)
    log_probabilities, _, weights = step(ops.zeros((0,), "int32"), state)
    assert tuple(log_probabilities.shape) == (0, 12)
    assert tuple(weights.shape) == (0, 5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_steps_in_half_precision_are_near_the_whole_and_float32(
    plain_network: Callable[..., SequenceToSequence],
    batch: Any,
    whole: Callable[..., Array],
    stepped: Callable[..., Array],
    in_policy: Callable[[str], Any],
    policy: str,
) -> None:
    with in_policy(policy):
        network = plain_network(dropout=0.3)
    found = stepped(network, batch)
    assert found.dtype == "float32"
    assert np.all(np.isfinite(found))
    np.testing.assert_allclose(found, whole(network, batch), atol=0.1)
    network.check()


def operations_of(graph: Any, within_loops: bool) -> Iterator[Any]:
    """The operations of a traced graph, those in loops or those outside."""
    for operation in graph.get_operations():
        if not within_loops:
            yield operation
        elif operation.type in ("While", "StatelessWhile"):
            for name in ("body", "cond"):
                function = graph._get_function(operation.get_attr(name).name)
                inner = function.graph if hasattr(function, "graph") else function
                yield from operations_of(inner, within_loops=False)
                yield from operations_of(inner, within_loops=True)


def casts_of_weights(graph: Any, within_loops: bool) -> list[tuple[int, ...]]:
    """Shapes of the large matrices that a graph casts from float32 to bfloat16."""
    shapes = []
    for operation in operations_of(graph, within_loops):
        if operation.type == "Cast":
            source, target = operation.inputs[0], operation.outputs[0]
            if source.dtype.name == "float32" and target.dtype.name == "bfloat16":
                shapes.append(tuple(source.shape.as_list() or ()))
    return sorted(each for each in shapes if None not in each and np.prod(each) >= 2**14)


@pytest.fixture
def searched() -> Callable[..., Any]:
    """Returns a function that traces a greedy search of a network with large weights."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("reads a graph of TensorFlow")

    def trace(units: int, size: int, cell: str) -> Any:
        source_ids = keras.Input((None,), dtype="int32")
        target_ids = keras.Input((None,), dtype="int32")
        memory, state = layers.RecurrentEncoder(units, cell=cell)(
            layers.TokenEmbedding(size, units)(source_ids)
        )
        decoder = layers.AttentionDecoder(units, cell=cell, attention="general", input_feeding=True)
        embedded = layers.TokenEmbedding(size, units)(target_ids)
        outputs, _, _ = decoder(embedded, memory, state)
        network = SequenceToSequence(source_ids, target_ids, keras.layers.Dense(size)(outputs))

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
        def translate(source_ids: Any) -> Any:
            step, state, _ = network.start_search(source_ids, 5)
            limits = tf.fill(tf.shape(source_ids)[:1], 5)
            return GreedySearch()(step, state, limits, tf.shape(source_ids)[1]).token_ids

        return translate.get_concrete_function().graph

    return trace


def test_large_weights_are_cast_outside_the_loop_of_a_search(
    searched: Callable[..., Any], in_policy: Callable[[str], Any]
) -> None:
    with in_policy("mixed_bfloat16"):
        graph = searched(units=64, size=300, cell="gru")
    assert casts_of_weights(graph, within_loops=True) == []
    # The decoder's kernel, from input and readout to three gates, and that of the logits; not the
    # tables, (300, 64), of which only rows are read.
    assert casts_of_weights(graph, within_loops=False) == [(64, 300), (128, 192)]


def laid_out(graph: Any, within_loops: bool) -> list[tuple[int, ...]]:
    """Shapes of the matrices that a graph copies with further columns."""
    return sorted(  # what nobody reads, as the layout for beams, never runs
        tuple(each.outputs[0].shape)
        for each in operations_of(graph, within_loops)
        if each.type in ("Pad", "PadV2") and each.outputs[0].consumers()
    )


def test_weights_are_laid_out_outside_the_loop_of_a_search(searched: Callable[..., Any]) -> None:
    graph = searched(units=128, size=20, cell="lstm")  # four gates of 128: rows of 2 KiB
    assert laid_out(graph, within_loops=True) == []
    # Of encoder and decoder what the state is multiplied by, and the token and the last readout.
    assert laid_out(graph, within_loops=False) == [(128, 528), (128, 528), (256, 528)]


def test_the_product_with_the_vocabulary_is_laid_out_where_that_is_faster(
    searched: Callable[..., Any], in_policy: Callable[[str], Any]
) -> None:
    graph = searched(units=8, size=1024, cell="gru")
    assert laid_out(graph, within_loops=True) == []
    assert laid_out(graph, within_loops=False) == [(8, 1040)]
    with in_policy("mixed_bfloat16"):
        assert laid_out(searched(units=8, size=1024, cell="gru"), within_loops=False) == []


@pytest.mark.parametrize("options", [{}, {"use_bias": False, "activation": "tanh"}])
def test_a_step_with_its_product_laid_out_is_the_whole(
    composition: Any, batch: Any, stepped: Any, whole: Any, options: dict[str, Any]
) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    head = keras.layers.Dense(512, bias_initializer="random_normal", **options)
    network = composition.network(head(outputs))
    np.testing.assert_allclose(stepped(network, batch), whole(network, batch), atol=1e-5)
    head.enable_lora(2)
    head.lora_kernel_b.assign(np.ones((2, 512)))
    found = stepped(network, batch)
    np.testing.assert_allclose(found, whole(network, batch), atol=1e-5)


@pytest.mark.parametrize("mode", ["int8", "float8"])  # whose kernel stays one of float32
def test_a_quantised_product_with_the_vocabulary_is_the_layers_own(
    composition: Any, batch: Any, stepped: Any, whole: Any, mode: str
) -> None:
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    head = keras.layers.Dense(512, kernel_initializer=keras.initializers.RandomNormal(stddev=3.0))
    network = composition.network(head(outputs))
    before = whole(network, batch)
    head.quantize(mode)
    assert head.compute_dtype == "float32"
    found = stepped(network, batch)
    np.testing.assert_allclose(found, whole(network, batch), atol=1e-5)
    assert np.abs(found - before).max() > 1e-3


@pytest.mark.parametrize("wiring", ["luong", "bahdanau", "conditional"])
def test_beams_that_share_states_find_what_others_find(
    composition: Any, wiring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    decoder = composition.decoder(input_feeding=True, wiring=wiring)
    outputs, _, _ = decoder(embedded, memory, state)
    network = composition.network(composition.head()(outputs))
    sources = np.array([[4, 2, 5, 3], [1, 1, 3, 0], [5, 3, 0, 0]], "int32")

    def search(least: int) -> Any:
        monkeypatch.setattr(search_step, "SHARED_WEIGHT", least)

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
        def run(source_ids: Any) -> Any:
            step, state, mask = network.start_search(source_ids, 6)
            shares.append(step.shares_states)
            limits = tf.fill(tf.shape(source_ids)[:1], 6)
            beam = BeamSearch(num_beams=4, n_best=4)
            return beam(step, state, limits, tf.shape(source_ids)[1], source_mask=mask)

        return run(sources)

    shares: list[bool] = []
    for one, other in zip(search(0), search(2**30), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
    assert shares == [True, False]


def test_the_bias_of_the_logits_is_added_to_the_product_itself(
    searched: Callable[..., Any],
) -> None:
    graph = searched(units=16, size=20, cell="gru")
    (logits,) = [
        each
        for each in operations_of(graph, within_loops=True)
        if each.type == "BiasAdd" and each.outputs[0].shape[-1] == 20
    ]
    assert logits.inputs[0].op.type == "MatMul"  # what TensorFlow joins into one operation


@pytest.mark.parametrize(
    "head", ["dense", "subclass", "two layers", "reads weights", "scaled", "activated"]
)
def test_heads_of_every_shape_step_as_the_whole(
    composition: Any,
    batch: Any,
    whole: Callable[..., Array],
    stepped: Callable[..., Array],
    head: str,
) -> None:
    class Flat(keras.layers.Dense):  # one that would not take a position alone
        def call(self, inputs: Any, training: Any = None) -> Any:
            assert len(inputs.shape) == 3
            return super().call(inputs)

    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, weights = composition.decoder()(embedded, memory, state)
    if head == "two layers":
        outputs = keras.layers.Dense(5, activation="tanh")(outputs)
    if head == "reads weights":
        outputs = keras.layers.Concatenate()([outputs, ops.max(weights, -1, keepdims=True)])
    if head == "activated":
        outputs = ops.relu(outputs)
    output_layer = Flat(12) if head == "subclass" else composition.head()
    logits = output_layer(outputs)
    network = composition.network(3.0 * logits if head == "scaled" else logits)
    np.testing.assert_allclose(stepped(network, batch), whole(network, batch), atol=1e-5)
