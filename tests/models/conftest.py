"""Networks composed by hand, and what the tests of this room measure on them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import layers
from kerasseq.models import SequenceToSequence

Array = np.ndarray
VOCABULARY_SIZE = 12


class Batch(NamedTuple):
    """Token ids as `training_dataset` gives them: 0 pads, 2 starts, 3 ends."""

    source_ids: Array
    target_ids: Array
    labels: Array

    @property
    def inputs(self) -> list[Array]:
        return [self.source_ids, self.target_ids]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What was saved by all tests is loaded by one process, after all of them."""
    items.sort(key=lambda item: item.path.name == "test_saved_networks.py")


@pytest.fixture
def batch() -> Batch:
    """Three pairs of different lengths."""
    return Batch(
        np.array([[4, 5, 6, 7, 3], [8, 9, 3, 0, 0], [10, 3, 0, 0, 0]], "int32"),
        np.array([[2, 5, 6, 7], [2, 9, 0, 0], [2, 11, 4, 0]], "int32"),
        np.array([[5, 6, 7, 3], [9, 3, 0, 0], [11, 4, 3, 0]], "int32"),
    )


class Composition:
    """A graph under construction: the inputs, and what the usual layers make of them."""

    def __init__(self) -> None:
        keras.utils.set_random_seed(7)
        self.source_ids = keras.Input((None,), dtype="int32", name="source_ids")
        self.target_ids = keras.Input((None,), dtype="int32", name="target_ids")

    def encode(self, embedded: Any = None, **options: Any) -> tuple[Any, list[Any]]:
        """Memory, and a state for a GRU decoder of 8 units."""
        if embedded is None:
            embedded = self.embed("source_embedding")(self.source_ids)
        encoder = layers.RecurrentEncoder(4, cell="gru", bidirectional=True, name="encoder")
        memory, state = encoder(embedded, **options)
        return memory, layers.DenseBridge(8, cell="gru", name="bridge")(state)

    def embed(self, name: str) -> layers.TokenEmbedding:
        # Larger numbers than by default, so that what differs shows.
        return layers.TokenEmbedding(
            VOCABULARY_SIZE, 6, embeddings_initializer="random_normal", name=name
        )

    def decoder(self, **options: Any) -> layers.AttentionDecoder:
        chosen = {"cell": "gru", "attention": "additive", "wiring": "bahdanau", "name": "decoder"}
        return layers.AttentionDecoder(8, **{**chosen, **options})

    def network(self, logits: Any, **options: Any) -> SequenceToSequence:
        return SequenceToSequence(self.source_ids, self.target_ids, logits, **options)

    def head(self) -> keras.layers.Dense:
        return keras.layers.Dense(VOCABULARY_SIZE, name="logits")


@pytest.fixture
def composition() -> Composition:
    return Composition()


@pytest.fixture
def plain_network() -> Callable[..., SequenceToSequence]:
    """Makes the usual graph, nothing of the user's in it; options go to `SequenceToSequence`."""

    def make(dropout: float = 0.0, **options: Any) -> SequenceToSequence:
        graph = Composition()
        memory, state = graph.encode()
        embedded = graph.embed("target_embedding")(graph.target_ids)
        outputs, _, _ = graph.decoder(dropout=dropout)(embedded, memory, state)
        return graph.network(graph.head()(outputs), **options)

    return make


def log_probabilities(network: SequenceToSequence, batch: Any) -> Array:
    """Of the whole target at once: `(batch, target_length, vocabulary_size)`."""
    logits = network([batch.source_ids, batch.target_ids])
    return ops.convert_to_numpy(ops.log_softmax(ops.cast(logits, "float32")))


@pytest.fixture
def whole() -> Callable[[SequenceToSequence, Any], Array]:
    return log_probabilities


@pytest.fixture
def stepped() -> Callable[..., Array]:
    """Log probabilities of one step after the other, for each of `beams` copies of a row."""

    def run(network: SequenceToSequence, batch: Any, beams: int = 1) -> Array:
        length = batch.target_ids.shape[1]
        step, state, _ = network.start_search(ops.convert_to_tensor(batch.source_ids), length)
        state = [ops.repeat(tensor, beams, axis=0) for tensor in state]
        found = []
        for token_ids in batch.target_ids.T:
            rows = ops.convert_to_tensor(np.repeat(token_ids, beams))
            log_probabilities, state, _ = step(rows, state)
            found.append(ops.convert_to_numpy(log_probabilities))
        return np.stack(found, axis=1)

    return run


@pytest.fixture
def in_policy() -> Callable[[str], Any]:
    """Sets Keras' dtype policy for what is made within."""

    @contextlib.contextmanager
    def set_policy(policy: str) -> Iterator[None]:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    return set_policy


@pytest.fixture(scope="session")
def saved_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what tests save: `.keras` files, each with its numbers beside it."""
    return tmp_path_factory.mktemp("saved_networks")


@pytest.fixture
def save_and_load(
    saved_networks: Path, batch: Batch
) -> Callable[[str, SequenceToSequence], SequenceToSequence]:
    """Saves a network for the fresh process, checks what it is in this one, and returns that."""

    def save(name: str, network: SequenceToSequence) -> SequenceToSequence:
        path = saved_networks / f"{name}.keras"
        network.save(path)
        logits = ops.convert_to_numpy(network(batch.inputs))
        np.savez(path.with_suffix(".npz"), source=batch[0], target=batch[1], logits=logits)
        loaded = keras.models.load_model(path)
        assert isinstance(loaded, SequenceToSequence)
        np.testing.assert_array_equal(ops.convert_to_numpy(loaded(batch.inputs)), logits)
        return loaded

    return save
