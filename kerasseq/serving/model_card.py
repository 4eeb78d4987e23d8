"""What a version is: its signatures, sizes, search, metrics, sums and recorded answers."""

import importlib.metadata
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kerasseq.files import finite
from kerasseq.serving.verification import CARD, file_sums
from kerasseq.text import TextCodec
from kerasseq.translation import Translator, pipeline

FORMAT = 1
"""Goes up when a reader of the last format would misread the card."""

PACKAGES = ("kerasseq", "tensorflow", "keras", "tensorflow-text", "sentencepiece", "numpy")
TOLERANCES = {"float32": 1e-4}
"""How far a number may be from the recorded one, relatively, by compute dtype."""
HALF_TOLERANCE = 5e-2


def write_card(
    folder: Path, translator: Translator, name: str, version: int, answers: Sequence[dict[str, Any]]
) -> None:
    """Writes the card of a version, after everything else.

    Args:
        folder: the SavedModel.
        translator: what was exported.
        name: the model's name.
        version: the version's number.
        answers: the requests of the warm-up and what was answered.
    """
    network, metadata = translator.network, finite(translator.metadata)
    # Not the network's own, which is whichever was in force when its file was read.
    dtype = getattr(network, "networks", [network])[0].decoder.compute_dtype
    card = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "signatures": read_signatures(folder),
        "source": _codec(translator.source_codec),
        "target": _codec(translator.target_codec),
        "search": keras.saving.serialize_keras_object(translator.search),
        "max_source_length": translator.max_source_length,
        "max_target_length": pipeline.longest_output(translator),
        "replace_unknown": translator.replace_unknown,
        "network": network.name,
        "parameters": network.count_params(),
        "compute_dtype": dtype,
        "versions": _versions(),
        "metrics": metadata.get("metrics", metadata.get("report", {})),
        "metadata": metadata,
        "tolerance": TOLERANCES.get(dtype, HALF_TOLERANCE),
        "warm_up": list(answers),
        "files": file_sums(folder),
    }
    written = json.dumps(card, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / CARD).write_text(written + "\n", encoding="utf-8")


def read_signatures(folder: Path) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Returns dtype and shape of each input and output of each signature; None is any size."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    return {
        name: {"inputs": _tensors(signature.inputs), "outputs": _tensors(signature.outputs)}
        for name, signature in sorted(saved_model.meta_graphs[0].signature_def.items())
        if not name.startswith("__")  # how TensorFlow calls what initialises tables
    }


def _tensors(tensors: Any) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "dtype": tf.dtypes.as_dtype(info.dtype).name,
            "shape": tf.TensorShape(info.tensor_shape).as_list(),
        }
        for name, info in sorted(tensors.items())
    }


def _codec(codec: TextCodec) -> dict[str, Any]:
    config = codec.get_config()
    return {
        "vocabulary_size": codec.vocabulary_size,
        "tokenizer": config["tokenizer"]["class_name"],
        "normalization": codec.normalization,
        "lowercase": codec.lowercase,
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions
