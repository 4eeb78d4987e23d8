"""A translator that is made in a moment: random weights, but everything else as in earnest."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasseq

TEXTS = ["hello world", "a b c", "what is this?", "the hat is on the cat", "this is a hat"]
BEAM = {"name": "beam", "num_beams": 3, "n_best": 2}
END_BIAS = 0.2


def make_network(source_size: int, target_size: int, seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    network = kerasseq.models.build(
        "bidirectional_luong",
        source_size,
        target_size,
        embedding_units=6,
        encoder_units=5,
        decoder_units=8,
        cell="gru",
    )
    # Larger weights than at the start of a training, so that outputs differ from text to text.
    network.set_weights([3 * weight for weight in network.get_weights()])
    return network


@pytest.fixture(scope="session")
def make_translator() -> Callable[..., kerasseq.Translator]:
    """Returns a function that makes a translator; its arguments are the translator's."""

    @functools.cache
    def codec(tokenizer: str) -> kerasseq.text.TextCodec:
        size = 260 if tokenizer == "byte" else 60
        return kerasseq.text.TextCodec.train(TEXTS, tokenizer=tokenizer, vocabulary_size=size)

    def make(
        seed: int = 1,
        networks: int = 1,
        source: str = "character",
        target: str = "word",
        **options: Any,
    ) -> kerasseq.Translator:
        sizes = (codec(source).vocabulary_size, codec(target).vocabulary_size)
        made = [make_network(*sizes, seed + index) for index in range(networks)]
        network = made[0] if networks == 1 else kerasseq.translation.Ensemble(made)
        return kerasseq.Translator(codec(source), codec(target), network, **options)

    return make


@pytest.fixture(scope="session")
def translator(make_translator: Callable[..., kerasseq.Translator]) -> kerasseq.Translator:
    """Characters to words, a beam of three; some of its outputs end, and some are cut."""
    made = make_translator(search=BEAM, max_source_length=64)
    bias = made.network.get_layer("logits").bias
    is_end = np.arange(bias.shape[0]) == made.target_codec.end_id
    for likelier in np.arange(0.0, 4.0, 0.25):
        bias.assign(np.where(is_end, likelier, 0.0))
        if len({answer.finished for answer in made(TEXTS)}) == 2:
            return made
    raise AssertionError("All outputs end, or none does.")


@pytest.fixture
def eagerly() -> Iterator[None]:
    """What a translator answers is computed without a graph: to trace one takes seconds."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def texts() -> list[str]:
    return list(TEXTS)


@pytest.fixture
def batch_sizes(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[kerasseq.Translator, str], list[int]]:
    """Returns a function that begins to note the sizes of the batches a graph is called with.

    Batches may run side by side: in which order they are noted is nobody's promise.
    """

    def begin(translator: kerasseq.Translator, name: str) -> list[int]:
        sizes: list[int] = []
        graph = getattr(translator, name)

        class Counted:
            get_concrete_function = graph.get_concrete_function

            def __call__(self, *batch: Any) -> Any:
                sizes.append(len(batch[0]))
                return graph(*batch)

        monkeypatch.setattr(translator, name, Counted())
        return sizes

    return begin
