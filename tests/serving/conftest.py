"""A tiny translator, its export, and a server that speaks TF Serving's protocols."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.models import SequenceToSequence
from kerasseq.serving import export
from kerasseq.text import TextCodec
from kerasseq.translation import Ensemble, Translator

CORPUS = ["Hello world!", "how are you today?", "it's a small world", "på ön är det kallt 👋🏽"]
EXAMPLES = ["it's hello", "how are you today? " * 8, "a small world"]
BEAM = {"name": "beam", "num_beams": 3, "n_best": 2}

MakeTranslator = Callable[..., Translator]
Ask = Callable[..., dict[str, np.ndarray]]


def make_network(
    name: str, source_size: int, target_size: int, seed: int, end_id: int, options: Any
) -> SequenceToSequence:
    units = {"embedding_units": 6, "encoder_units": 4, "decoder_units": 8}
    if name in ("sutskever_2014", "luong_2015", "gnmt_2016"):  # whose bridge changes no sizes
        layers = {"encoder_layers": 2, "decoder_layers": 2}
        units = {**units, "encoder_units": 8, **layers}
    network = kerasseq.models.build(name, source_size, target_size, **{**units, **options})
    generator = np.random.default_rng(seed)
    network.set_weights([generator.normal(0, 0.6, each.shape) for each in network.get_weights()])
    bias = network.get_layer("logits").bias
    bias.assign(np.where(np.arange(target_size) == end_id, 0.5, 0.0))
    return network


@pytest.fixture(scope="session")
def make_translator() -> MakeTranslator:
    """Makes a tiny translator with random weights, whose outputs end now and then."""

    def make(
        source: Any = "character",
        target: Any = "character",
        search: Any = "greedy",
        network: str = "bidirectional_luong",
        seed: int = 1,
        networks: int = 1,
        replace_unknown: bool = False,
        **options: Any,
    ) -> Translator:
        source_codec = TextCodec.train(CORPUS, source, vocabulary_size=300)
        target_codec = TextCodec.train(CORPUS, target, vocabulary_size=300)
        sizes = source_codec.vocabulary_size, target_codec.vocabulary_size
        made = [
            make_network(network, *sizes, seed + index, target_codec.end_id, options)
            for index in range(networks)
        ]
        model = made[0] if networks == 1 else Ensemble(made)
        return Translator(source_codec, target_codec, model, search, 64, replace_unknown)

    return make


@pytest.fixture(scope="session")
def translator(make_translator: MakeTranslator) -> Translator:
    """Characters to words, a beam of three."""
    return make_translator(target="word", search=BEAM)


@pytest.fixture(scope="session")
def model_folder(translator: Translator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported translator; nothing may change it."""
    path = tmp_path_factory.mktemp("served") / "tiny"
    export(translator, path, examples=EXAMPLES)
    return path


@pytest.fixture(scope="session")
def ask(model_folder: Path) -> Ask:
    """Asks the exported translator: `ask(signature, text=[...])` gives arrays by name."""
    loaded = tf.saved_model.load(os.fspath(model_folder / "1"))

    def run(signature: str, **inputs: list[Any]) -> dict[str, np.ndarray]:
        tensors = {name: tf.constant(texts, tf.string) for name, texts in inputs.items()}
        outputs = loaded.signatures[signature](**tensors)
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return run


@pytest.fixture(scope="session")
def responder_module() -> Any:
    """The module `responder.py`, if the official protos are installed."""
    pytest.importorskip("tensorflow_serving", reason="needs tensorflow-serving-api")
    path = Path(__file__).with_name("responder.py")
    spec = importlib.util.spec_from_file_location("responder", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def responder(responder_module: Any, model_folder: Path) -> Iterator[Any]:
    """A server of the exported translator, as `tiny`, its version 1 as `stable`."""
    with responder_module.Responder("tiny", model_folder, {"stable": 1}) as server:
        yield server
