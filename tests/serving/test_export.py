"""A version is written whole or not at all, and never over another one."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.serving import export, verify_export
from kerasseq.serving.signatures import trace_signatures
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

KILLED = """
import os, signal, sys
import keras, numpy, kerasseq
from kerasseq.serving import model_card

def stop(*arguments):
    print("half way", flush=True)
    signal.pause()

kerasseq.serving.export.__globals__["write_card"] = stop
kerasseq.serving.export(kerasseq.Translator.load(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture(scope="module", autouse=True)
def _trace_once() -> Iterator[None]:
    """Tracing takes most of an export's time, and gives the same graph again."""
    # The package's attribute of this name is the function, which stands for the module.
    module = sys.modules["kerasseq.serving.export"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "trace_signatures", functools.cache(trace_signatures))
        yield


@pytest.fixture(scope="module")
def small(make_translator: Any) -> Translator:
    """Quick to trace."""
    return make_translator(network="cho_2014")


def children(path: Path) -> list[str]:
    return sorted(os.listdir(path))


def test_the_next_free_version_is_written_and_an_existing_one_never(
    small: Translator, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    (path / "7").mkdir(parents=True)
    (path / "notes").mkdir()
    assert small.export(f"{path}/") == os.path.join(path, "8")
    with pytest.raises(FileExistsError, match=r"Received: 8, which is in .* free one is 9\."):
        small.export(path, version=8)
    assert children(path) == ["7", "8", "notes"]
    assert verify_export(path / "8").requests == 6
    card = json.loads((path / "8" / "model_card.json").read_text())
    assert (card["name"], card["version"]) == ("model", 8)


def test_every_variable_is_stored_once(model_folder: Path, translator: Translator) -> None:
    variables = tf.train.load_checkpoint(os.fspath(model_folder / "1/variables/variables"))
    shapes = variables.get_variable_to_shape_map()
    stored = sum(int(np.prod(shape)) for name, shape in shapes.items() if "VALUE" in name)
    assert stored == translator.network.count_params()
    written = os.path.getsize(model_folder / "1/variables/variables.data-00000-of-00001")
    assert written < 4 * stored + 5000  # the rest is the graph of objects


def test_arguments_are_checked_before_anything_is_written(
    small: Translator, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"`version` must be an integer of at least 1.*: 0"):
        export(small, tmp_path / "model", version=0)
    with pytest.raises(TypeError, match=r"`examples` must be a list of strings. Received: 'hej'"):
        export(small, tmp_path / "model", examples="hej")
    assert children(tmp_path) == []


def test_a_network_with_nan_is_not_exported(make_translator: Any, tmp_path: Path) -> None:
    broken = make_translator(network="cho_2014")
    broken.network.get_layer("logits").bias.assign(np.full(broken.network.vocabulary_size, np.nan))
    with pytest.raises(ValueError, match=r"must be finite.*NaN or infinity in logits/bias\."):
        export(broken, tmp_path / "model")
    weights = [np.full(each.shape, np.inf) for each in broken.network.get_weights()]
    for count, said in ((3, r"\S+, \S+, \S+\."), (4, r"\S+, \S+, \S+ and 1 more\.")):
        finite = [np.zeros_like(each) for each in weights[count:]]
        broken.network.set_weights([*weights[:count], *finite])
        with pytest.raises(ValueError, match=f"NaN or infinity in {said}$"):
            export(broken, tmp_path / "model")
    assert children(tmp_path) == []


@pytest.mark.slow
def test_an_ensemble_is_served_as_one_network(make_translator: Any, tmp_path: Path) -> None:
    both = make_translator(network="cho_2014", networks=2)
    written = export(both, tmp_path / "model", examples=["how are you today?"])
    assert verify_export(written).requests == 4
    card = json.loads((Path(written) / "model_card.json").read_text())
    assert card["parameters"] == sum(each.count_params() for each in both.network.networks)


@keras.saving.register_keras_serializable("tests")
class Python(keras.layers.Layer):
    """Runs Python in the graph, which no server does."""

    def call(self, inputs: Any) -> Any:
        outputs = tf.numpy_function(lambda values: values, [inputs], tf.float32)
        outputs.set_shape(inputs.shape)
        return outputs


def test_an_op_that_servers_lack_is_an_error_that_names_it(tmp_path: Path) -> None:
    codec = TextCodec.train(["abc"], tokenizer="character")
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    embed = kerasseq.layers.TokenEmbedding(codec.vocabulary_size, 4)
    memory, state = kerasseq.layers.RecurrentEncoder(4)(embed(source_ids))
    outputs, _, _ = kerasseq.layers.RecurrentDecoder(4)(embed(target_ids), memory, state)
    logits = Python()(keras.layers.Dense(codec.vocabulary_size)(outputs))
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    with pytest.raises(ValueError, match=r"core and tensorflow-text ops alone.*PyFunc"):
        export(Translator(codec, codec, network), tmp_path / "model")
    assert children(tmp_path) == []


@pytest.mark.slow
def test_a_layer_of_keras_with_a_table_of_its_own_is_served(tmp_path: Path) -> None:
    codec = TextCodec.train(["abc"], tokenizer="character")
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    embed = kerasseq.layers.TokenEmbedding(codec.vocabulary_size, 4)
    classes = keras.layers.IntegerLookup(vocabulary=[4, 5], mask_token=0)(source_ids)
    features = keras.layers.Embedding(4, 4, mask_zero=True)(classes)
    joined = keras.layers.Concatenate()([embed(source_ids), features])
    memory, state = kerasseq.layers.RecurrentEncoder(4)(joined)
    outputs, _, _ = kerasseq.layers.RecurrentDecoder(4)(embed(target_ids), memory, state)
    logits = keras.layers.Dense(codec.vocabulary_size)(outputs)
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, logits)
    written = export(Translator(codec, codec, network), tmp_path / "model", examples=["ab"])
    assert verify_export(written).requests == 4


def test_a_full_disk_is_an_error_and_leaves_earlier_versions_as_they_were(
    small: Translator, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "model"
    export(small, path)
    before = {file: file.read_bytes() for file in (path / "1").rglob("*") if file.is_file()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # no file may be larger
    try:
        with pytest.raises(OSError, match=r"version 2 of .*model"):
            export(small, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert children(path) == ["1"]
    assert all(file.read_bytes() == content for file, content in before.items())


def test_a_killed_export_leaves_nothing_in_sight_and_nothing_for_long(
    small: Translator, tmp_path: Path
) -> None:
    small.save(tmp_path / "model.keras")
    path = tmp_path / "model"
    (path / "1").mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "model.keras", path],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        process.send_signal(signal.SIGKILL)
    left = children(path)
    assert left[1:] == ["1"]
    assert left[0].startswith(".partial-")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{process.pid}").exists():
        time.sleep(0.1)
    export(small, path)
    assert children(path) == ["1", "2"]
