"""A translator as one `.keras` file: written beside and renamed, read with clear errors."""

import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import keras

from kerasseq.files import written_beside
from kerasseq.serialization import check_readable
from kerasseq.translation.translator_model import TranslatorModel

Read = TypeVar("Read")


def write_model(model: TranslatorModel, path: str | os.PathLike[str]) -> None:
    """Writes what stands in a translator's file; a reader never sees half of it.

    Args:
        model: codecs, network and search.
        path: where to; must end in `.keras`.

    Raises:
        ValueError: if `path` has another ending, or the search or a codec has a part that is not
            registered with Keras.
    """
    path = os.fspath(path)
    if not path.endswith(".keras"):
        raise ValueError(f"`path` must end in '.keras'. Received: {path!r}.")
    for part in (model.search, model.source_codec, model.target_codec):
        check_readable(keras.saving.serialize_keras_object(part))
    with written_beside(path) as temporary:
        model.save(temporary)


def read_model(path: str | os.PathLike[str]) -> TranslatorModel:
    """Reads what `write_model` wrote. No code in the file is run (`safe_mode`).

    Args:
        path: the `.keras` file.

    Raises:
        FileNotFoundError: if there is no such file.
        PermissionError: if it may not be read.
        ValueError: if the file is damaged, or holds another model.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"No translator at {path!r}.")
    with open(path, "rb") as file:  # of a path, `is_zipfile` takes what may not be read for no zip
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path!r} is not a `.keras` file, or it is cut off.")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"{path!r} is damaged: {error}") from error
    except (KeyError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path!r} is no `.keras` file, but another archive.") from error
    if not isinstance(model, TranslatorModel):
        raise ValueError(
            f"{path!r} holds no translator but a {type(model).__name__}. "
            "Use a file that `Translator.save` wrote."
        )
    return model


def to_bytes(save: Callable[[str], None]) -> bytes:
    """Returns what a function writes into a `.keras` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        save(os.fspath(path))
        return path.read_bytes()


def from_bytes(load: Callable[[str], Read], content: bytes) -> Read:
    """Returns what a function reads from a `.keras` file of that content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(content)
        return load(os.fspath(path))
