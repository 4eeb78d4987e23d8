"""Loading TensorFlow without its banner, and translators with an error that names the way out."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasseq import Translator

STDERR = 2
ERRORS_ONLY = "3"


def load_tensorflow() -> None:
    """Loads TensorFlow and Keras, so that a user sees no lines but ours.

    `TF_CPP_MIN_LOG_LEVEL` is set to 3 unless it is set already; another value shows everything.
    `TF_NUM_INTEROP_THREADS` is set to 1 unless it is set: `experiments/threads.py` says why.
    `TF_ENABLE_ONEDNN_OPTS` is set to 1 unless it is set: where TensorFlow leaves oneDNN off, on
    processors without AVX512, a training step of the reference network took 1.4 times as long.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", ERRORS_ONLY)
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Whatever the environment and ~/.keras/keras.json say: text and export need TensorFlow.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if "tensorflow" not in sys.modules and os.environ["TF_CPP_MIN_LOG_LEVEL"] == ERRORS_ONLY:
        with _without_stderr():
            import tensorflow  # noqa: F401
    import keras

    # Where an error was raised decides whether it is the user's.
    keras.config.disable_traceback_filtering()


def run_batches_side_by_side() -> None:
    """Lets TensorFlow, once it is loaded, run as many batches at once as there are cores.

    For many texts; a single batch is faster on all threads. Nothing changes where the environment
    says how many threads there are.
    """
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    if not any(name in os.environ for name in names):
        os.environ.update(zip(names, ("1", str(os.cpu_count() or 1)), strict=True))


def load_translator(path: str) -> "Translator":
    """Reads a translator's file.

    Args:
        path: the `.keras` file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds no translator.
    """
    inside = Path(path) / "model.keras"
    if inside.is_file():
        raise ValueError(f"{path!r} is a folder. Did you mean {str(inside)!r}?")
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no model file {path!r}.")
    load_tensorflow()
    import kerasseq

    try:
        return kerasseq.Translator.load(path)
    except (TypeError, ValueError) as error:  # Keras' own messages do not say which file
        if path in str(error):
            raise
        unregistered = re.search(r"Could not locate (?:class|function) '([^']+)'", str(error))
        if unregistered:
            raise ValueError(
                f"{path!r} needs {unregistered[1]!r}, which nothing has registered. "
                "Name the module that does with --import."
            ) from error
        raise ValueError(f"{path!r} holds no translator that can be read: {error}") from error


def load_ensemble(paths: Sequence[str], mean: str = "probabilities") -> "Translator":
    """Reads one translator, or several that translate as one, with the first one's search.

    Args:
        paths: the `.keras` files.
        mean: of several, what is averaged: `"probabilities"` or `"log_probabilities"`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if one holds no translator, or their vocabularies differ.
    """
    first, *others = [load_translator(path) for path in paths]
    if not others:
        return first
    import kerasseq

    for path, other in zip(paths[1:], others, strict=True):
        for side in ("source_codec", "target_codec"):
            if getattr(other, side).get_config() != getattr(first, side).get_config():
                raise ValueError(
                    f"`--model` may name several files only if they share both vocabularies. "
                    f"Received: {path!r} with another {side} than {paths[0]!r}."
                )
    return kerasseq.Translator(
        first.source_codec,
        first.target_codec,
        kerasseq.translation.Ensemble([each.network for each in (first, *others)], mean),
        first.search,
        first.max_source_length,
        first.replace_unknown,
    )


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """Hides what is written to standard error, unless an error follows.

    TensorFlow's first lines come from C++, before its log level counts.
    """
    with tempfile.TemporaryFile() as hidden:
        kept = os.dup(STDERR)
        os.dup2(hidden.fileno(), STDERR)
        try:
            yield
        except Exception:
            hidden.seek(0)
            os.write(kept, hidden.read())
            raise
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)
