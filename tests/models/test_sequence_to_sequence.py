import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import data, layers
from kerasseq.models import SequenceToSequence, build
from kerasseq.text import TextCodec
from kerasseq.training import LinearRate, TokenAccuracy, TokenCrossentropy

Array = np.ndarray


@pytest.mark.backend
def test_logits_are_float32_numbers_for_every_position(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    network = plain_network()
    logits = network(batch.inputs)
    assert tuple(logits.shape) == (3, 4, 12)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert network.vocabulary_size == 12
    assert network.decoder.name == "decoder"


@pytest.mark.parametrize("argument", ["source_ids", "target_ids", "logits"])
def test_an_input_that_is_not_symbolic_is_refused(argument: str) -> None:
    symbolic = keras.Input((None,), dtype="int32")
    arguments = dict.fromkeys(("source_ids", "target_ids", "logits"), symbolic)
    arguments[argument] = np.zeros((2, 3))
    with pytest.raises(TypeError, match=f"`{argument}` must be a symbolic .* Received: ndarray"):
        SequenceToSequence(**arguments)


def test_no_mask_reaches_the_logits_although_one_reaches_the_head(
    composition: Any, batch: Any
) -> None:
    """It would make Keras average the loss otherwise than `TokenCrossentropy` does."""
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    joined = keras.layers.Concatenate()([outputs, embedded])
    network = composition.network(composition.head()(joined))
    seen = []

    class Loss(TokenCrossentropy):
        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            seen.append(getattr(y_pred, "_keras_mask", None))
            return super().__call__(y_true, y_pred, sample_weight)

    network.compile(keras.optimizers.SGD(0.1), loss=Loss(), run_eagerly=True)
    network.train_on_batch(batch.inputs, batch.labels)
    assert seen == [None]


def test_inputs_may_be_named(plain_network: Callable[..., Any], batch: Any) -> None:
    network = plain_network(scheduled_sampling=1.0, seed=3)
    named = dict(zip(("source_ids", "target_ids"), batch.inputs, strict=True))
    found = ops.convert_to_numpy(network(named, training=True))
    again = plain_network(scheduled_sampling=1.0, seed=3)(batch.inputs, training=True)
    np.testing.assert_array_equal(found, ops.convert_to_numpy(again))


def test_named_inputs_keep_their_places_where_the_target_sorts_first(
    composition: Any, batch: Any
) -> None:
    """Keras sorts the keys of a dict."""
    composition.source_ids = keras.Input((None,), dtype="int32", name="encoder_ids")
    composition.target_ids = keras.Input((None,), dtype="int32", name="decoder_ids")
    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    logits = composition.head()(outputs)
    network, again = (composition.network(logits, scheduled_sampling=1.0, seed=3) for _ in range(2))
    named = {"decoder_ids": batch.target_ids, "encoder_ids": batch.source_ids}
    found = ops.convert_to_numpy(network(named, training=True))
    expected = ops.convert_to_numpy(again(batch.inputs, training=True))
    np.testing.assert_array_equal(found, expected)


def config_in(path: Path) -> Any:
    """Without the numbers by which Keras tells objects of one process apart."""

    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in pairs if key != "shared_object_id"}

    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("config.json"), object_pairs_hook=read)


def test_a_network_saved_twice_is_the_same_file_of_the_same_numbers(
    plain_network: Callable[..., Any],
    batch: Any,
    save_and_load: Callable[..., Any],
    tmp_path: Path,
) -> None:
    network = plain_network(scheduled_sampling=LinearRate(9, 0.5), seed=3, name="twice")
    network.compile(keras.optimizers.Adam(0.1), loss=TokenCrossentropy(), run_eagerly=True)
    network.train_on_batch(batch.inputs, batch.labels)
    loaded = save_and_load("saved_once", network)
    again = save_and_load("saved_twice", loaded)
    network.save(tmp_path / "first.keras")
    again.save(tmp_path / "last.keras")
    first, last = config_in(tmp_path / "first.keras"), config_in(tmp_path / "last.keras")
    assert first == last
    assert again.name == "twice"
    assert again.seed == 3
    assert read(again.scheduled_sampling) == {"steps": 9, "final_rate": 0.5}


def read(config: Any) -> Any:
    return keras.saving.deserialize_keras_object(dict(config)).get_config()


def test_a_saved_network_holds_every_weight_once(
    plain_network: Callable[..., Any], tmp_path: Path
) -> None:
    network = plain_network()
    network.save(tmp_path / "network.keras")
    h5py = pytest.importorskip("h5py")
    sizes: list[int] = []
    with (
        zipfile.ZipFile(tmp_path / "network.keras") as file,
        h5py.File(file.open("model.weights.h5")) as weights,
    ):
        weights.visititems(
            lambda name, item: sizes.append(item.size) if hasattr(item, "size") else None
        )
    generators = 2 * (len(network.variables) - len(network.weights))  # a seed is two numbers
    assert sum(sizes) in (network.count_params(), network.count_params() + generators)


def test_a_network_without_scheduled_sampling_holds_nothing_for_it(
    plain_network: Callable[..., Any],
) -> None:
    plain, sampling = plain_network(), plain_network(scheduled_sampling=0.5)
    assert len(sampling.variables) == len(plain.variables) + 1
    assert len(sampling.weights) == len(plain.weights)


def test_parts_do_not_double_the_layers(plain_network: Callable[..., Any]) -> None:
    names = [layer.name for layer in plain_network().layers]
    assert len(names) == len(set(names)) == 8


def test_a_summary_names_the_layers(plain_network: Callable[..., Any]) -> None:
    network = plain_network(name="described")
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line), line_length=120)
    text = "\n".join(lines)
    for name in ("described", *(layer.name for layer in network.layers)):
        assert name in text
    assert f"{network.count_params():,}" in text


def test_a_plot_of_the_graph_can_be_drawn(plain_network: Callable[..., Any]) -> None:
    pytest.importorskip("pydot")
    dot = keras.utils.model_to_dot(plain_network())
    assert "decoder" in dot.to_string()


@pytest.mark.slow
def test_fit_learns_to_write_dates(plain_network: Callable[..., Any]) -> None:
    """The generated task, batches as `training_dataset` makes them, in one traced step."""
    pairs = data.generate_dates(64, seed=0)
    codec = TextCodec.train([*pairs.sources, *pairs.targets], tokenizer="character")
    keras.utils.set_random_seed(7)
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    size = codec.vocabulary_size
    memory, state = layers.RecurrentEncoder(24, cell="gru", bidirectional=True)(
        layers.TokenEmbedding(size, 16)(source_ids)
    )
    state = layers.DenseBridge(32, cell="gru")(state)
    decoder = layers.AttentionDecoder(32, cell="gru", input_feeding=True, dropout=0.1)
    outputs, _, _ = decoder(layers.TokenEmbedding(size, 16)(target_ids), memory, state)
    network = SequenceToSequence(source_ids, target_ids, keras.layers.Dense(size)(outputs))
    network.compile(
        keras.optimizers.Adam(0.02, global_clipnorm=1.0),
        loss=TokenCrossentropy(),
        metrics=[TokenAccuracy(name="accuracy")],
        jit_compile=False,
    )
    dataset = data.training_dataset(pairs, codec, codec, batch_tokens=2048, seed=1)
    history = network.fit(dataset.repeat(5), epochs=3, shuffle=False, verbose=0).history
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    assert history["accuracy"][-1] > history["accuracy"][0]
    held_out = data.evaluation_dataset(pairs, codec, codec)
    loss, _ = network.evaluate(held_out, verbose=0)
    assert loss < history["loss"][0]


def test_encoding_gives_what_the_decoder_reads_of_a_source(
    plain_network: Callable[..., SequenceToSequence], batch: Any
) -> None:
    network = plain_network()
    memory, initial_state = network.encode(ops.convert_to_tensor(batch.source_ids))
    _, state, _ = network.start_search(ops.convert_to_tensor(batch.source_ids), 4)
    assert tuple(memory.shape) == (3, 5, 8)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(initial_state[0]), ops.convert_to_numpy(state[0])
    )


def test_attention_of_a_step_can_be_looked_at(
    plain_network: Callable[..., SequenceToSequence], batch: Any
) -> None:
    network = plain_network()
    step, state, _ = network.start_search(ops.convert_to_tensor(batch.source_ids), 4)
    with network.recorded_attention() as records:
        weights = step(ops.convert_to_tensor([2, 2, 2]), state)[2]
    (record,) = records
    assert record.layer is network.decoder.attention_mechanism
    np.testing.assert_array_equal(
        ops.convert_to_numpy(record.attention_weights)[:, 0, 0], ops.convert_to_numpy(weights)
    )


@pytest.mark.backend
def test_steps_are_compiled_where_a_backend_can_train_loops_so(
    plain_network: Callable[..., Any],
) -> None:
    """TensorFlow's XLA cannot train loops of any length, and Keras chooses it on a GPU."""
    network = plain_network()
    network.compile("sgd", TokenCrossentropy(), jit_compile="auto")
    compiles = keras.backend.backend() == "jax"
    assert network.supports_jit is compiles
    assert network.jit_compile is compiles


@pytest.mark.backend
def test_a_training_traces_a_step_once(plain_network: Callable[..., Any], batch: Any) -> None:
    """Not compiled whole, each step with JAX compiled its loops anew, until the process died."""
    traces = []

    class Loss(TokenCrossentropy):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            traces.append(1)
            return super().call(y_true, y_pred)

    network = plain_network()
    network.compile("sgd", Loss())
    inputs = [batch.source_ids, batch.target_ids]
    network.fit(inputs, batch.target_ids, epochs=1, verbose=0)
    before = len(traces)
    network.fit(inputs, batch.target_ids, epochs=5, verbose=0)
    assert len(traces) == before


def test_classes_have_no_weights(plain_network: Callable[..., Any], batch: Any) -> None:
    network = plain_network()
    network.compile("sgd", TokenCrossentropy())
    for train in (network.fit, network.train_on_batch):
        with pytest.raises(ValueError, match=r"`class_weight` must be None.* Give `sample_weight`"):
            train(batch.inputs, batch.labels, class_weight={1: 2.0})


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method:UserWarning")
def test_a_quantised_network_is_saved_as_it_is(tmp_path: Path) -> None:
    network = build("bidirectional_luong", 12, 12, encoder_units=4, decoder_units=4)
    network.quantize("int8")
    ids = [np.array([[4, 5, 3]]), np.array([[2, 6]])]
    expected = ops.convert_to_numpy(network(ids))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(ops.convert_to_numpy(loaded(ids)), expected)
    again = SequenceToSequence.from_config(network.get_config())
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(ops.convert_to_numpy(again(ids)), expected)
