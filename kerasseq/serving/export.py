"""Writes a translator as a SavedModel: string in, string out, for TF Serving."""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseq import checks
from kerasseq.serving.model_card import write_card
from kerasseq.serving.signatures import SavedTranslator, trace_signatures
from kerasseq.serving.verification import Request, read_operations
from kerasseq.serving.version_folder import choose_version, new_version_folder
from kerasseq.serving.warm_up import choose_examples, record_answers, write_warm_up
from kerasseq.translation import Translator

FORBIDDEN_OPERATIONS = re.compile(r"Cudnn|Xla|.*PyFunc")
"""Ops that a server on a CPU, or one without Python, cannot run."""

_logger = logging.getLogger(__name__)


def export(
    translator: Translator,
    path: str | os.PathLike[str],
    version: int | None = None,
    examples: Sequence[str] | None = None,
) -> str:
    """Writes a version of a model for TF Serving, with warm-up records and a model card.

    The folder is written beside and renamed: a server that polls `path` never sees half of it, and
    after an error nothing is left. A process needs TensorFlow to load it, and tensorflow-text if a
    codec does; `verify_export` checks it, and says which.

    Args:
        translator: what is to be served.
        path: the model's folder; the SavedModel goes into `path/version`.
        version: a positive integer that is not there yet; the next free one if not given.
        examples: real inputs, short and long ones, from which warm-up requests are made; without
            any, see `warm_up.choose_examples`.

    Returns:
        The folder that was written.

    Raises:
        FileExistsError: if the version is there already.
        ValueError: if the graph has an op that servers lack, or a weight is not finite.
        OSError: if it cannot be written.
    """
    if version is not None:
        checks.check_positive_integer("version", version)
    checks.check_folder("path", path)
    if examples is not None:
        checks.check_strings("examples", examples)
    _check_weights(translator)
    path = os.fspath(path)
    version = choose_version(path, version)
    signatures = trace_signatures(translator)
    answers = record_answers(signatures, choose_examples(translator, examples))
    name = os.path.basename(os.path.abspath(path))
    module = SavedTranslator(translator)
    try:
        with new_version_folder(path, version) as folder:
            tf.saved_model.save(module, os.fspath(folder), signatures)
            _check_operations(folder)
            _check_variables(folder, module)
            requests = [Request(each["signature"], each["inputs"]) for each in answers]
            write_warm_up(folder, name, requests)
            write_card(folder, translator, name, version, answers)
    except tf.errors.OpError as error:  # what TensorFlow makes of a full disk
        raise OSError(f"Could not write version {version} of {path!r}: {error.message}") from error
    written = os.path.join(path, str(version))
    _logger.info("Wrote %s.", written)
    return written


def _check_weights(translator: Translator) -> None:
    """Raises if the network can answer nothing but nonsense."""
    broken = [
        weight.path
        for weight in translator.network.weights
        if not np.all(np.isfinite(np.asarray(weight.value, "float32")))
    ]
    if broken:
        raise ValueError(
            "The weights of a served network must be finite. "
            f"Received: NaN or infinity in {', '.join(broken[:3])}"
            f"{f' and {len(broken) - 3} more' if len(broken) > 3 else ''}."
        )


def _check_operations(folder: Path) -> None:
    """Raises if the graph holds an op that only some machines have."""
    forbidden = [
        operation.name
        for operation in read_operations(folder)
        if FORBIDDEN_OPERATIONS.match(operation.name)
    ]
    if forbidden:
        raise ValueError(
            "A served graph must hold core and tensorflow-text ops alone. "
            f"Received: {', '.join(forbidden)}. They come from layers around the decoder, from a "
            "constraint or from a search of your own."
        )


def _check_variables(folder: Path, module: SavedTranslator) -> None:
    """Raises unless the file holds each weight once, and as it is."""
    reader = tf.train.load_checkpoint(os.fspath(folder / "variables" / "variables"))
    stored = {name for name in reader.get_variable_to_shape_map() if "VARIABLE_VALUE" in name}
    expected = {
        f"network_weights/{index}/.ATTRIBUTES/VARIABLE_VALUE": weight
        for index, weight in enumerate(module.network_weights)
    }
    different = [
        name
        for name in sorted(stored & set(expected))
        if not np.array_equal(reader.get_tensor(name), expected[name].numpy())
    ]
    if stored != set(expected) or different:
        wrong = sorted(stored ^ set(expected)) + different
        raise ValueError(f"The variables that were written are not the network's: {wrong}.")
