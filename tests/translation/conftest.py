"""A translator that is made in a moment: random weights, but everything else as in earnest."""

from collections.abc import Callable
from typing import Any

import keras
import pytest

import kerasseq

TEXTS = ["hello world", "a b c", "what is this?", "the hat is on the cat", "this is a hat"]


def make_network(source_size: int, target_size: int, seed: int) -> Any:
    keras.utils.set_random_seed(seed)
    network = kerasseq.models.build(
        "luong_2015",
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
    source_codec = kerasseq.text.TextCodec.train(TEXTS, tokenizer="character", vocabulary_size=60)
    target_codec = kerasseq.text.TextCodec.train(TEXTS, tokenizer="word", vocabulary_size=60)

    def make(seed: int = 1, networks: int = 1, **options: Any) -> kerasseq.Translator:
        sizes = (source_codec.vocabulary_size, target_codec.vocabulary_size)
        made = [make_network(*sizes, seed + index) for index in range(networks)]
        network = made[0] if networks == 1 else kerasseq.translation.Ensemble(made)
        return kerasseq.Translator(source_codec, target_codec, network, **options)

    return make


@pytest.fixture
def texts() -> list[str]:
    return list(TEXTS)
