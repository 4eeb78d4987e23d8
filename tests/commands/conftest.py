"""A translator that is small enough to be made anew, and its file."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import keras
import pytest

import kerasseq
from kerasseq import layers

SENTENCES = ["hello world", "a b c", "what is this", "is this a world"]


@pytest.fixture(autouse=True)
def _threads_are_those_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command tells TensorFlow of threads by the environment ends with the test."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def translator() -> kerasseq.Translator:
    """Untrained: it says something, and always the same."""
    keras.utils.set_random_seed(0)
    source_codec = kerasseq.text.TextCodec.train(SENTENCES, "character", vocabulary_size=50)
    target_codec = kerasseq.text.TextCodec.train(SENTENCES, "word", vocabulary_size=50)
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    memory, state = layers.RecurrentEncoder(8, cell="gru")(
        layers.TokenEmbedding(source_codec.vocabulary_size, 8)(source_ids)
    )
    outputs, _, _ = layers.AttentionDecoder(8, cell="gru")(
        layers.TokenEmbedding(target_codec.vocabulary_size, 8)(target_ids), memory, state
    )
    logits = keras.layers.Dense(target_codec.vocabulary_size, kernel_initializer="normal")(outputs)
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    limits = kerasseq.search.LengthLimits(max_length=8)
    search = kerasseq.search.GreedySearch(length_limits=limits)
    return kerasseq.Translator(source_codec, target_codec, network, search, max_source_length=20)


@pytest.fixture(scope="session")
def load_once() -> Callable[[str], kerasseq.Translator]:
    return functools.cache(kerasseq.Translator.load)


@pytest.fixture(autouse=True)
def _load_once(
    load_once: Callable[[str], kerasseq.Translator], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading and tracing again would cost each test two seconds."""
    monkeypatch.setattr(kerasseq.Translator, "load", load_once)


@pytest.fixture(scope="session")
def model(translator: kerasseq.Translator, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the translator's file."""
    path: Path = tmp_path_factory.mktemp("model") / "model.keras"
    translator.save(path)
    return str(path)
