"""Texts -> the texts a codec sees: valid UTF-8, one Unicode form, one case."""

import importlib
from typing import Any

import tensorflow as tf

from kerasseq.text.lower_case import lower_case
from kerasseq.typing import Tensor

NORMALIZATIONS = ("none", "nfc", "nfkc")
"""Unicode forms: as written, canonical composition, compatibility composition."""

# Unicode's property White_Space, written out since RE2's \s knows ASCII alone.
WHITE_SPACE = r"[\t-\r\x{85}\p{Z}]"


def normalize(texts: Tensor, normalization: str, lowercase: bool) -> Tensor:
    """Returns `(batch,)` texts as valid UTF-8, in a Unicode form and, if asked for, lower case.

    Bytes that are not UTF-8 become U+FFFD, as `bytes.decode("utf-8", "replace")` has it.
    """
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    texts = _unicode_form(texts, normalization)
    if lowercase:
        # A few letters compose in lower case alone (h with a line below), hence the second form.
        texts = _unicode_form(lower_case(texts), normalization)
    return texts


def collapse_white_space(texts: Tensor) -> Tensor:
    """Returns `(batch,)` texts with one space for each run of white space, none at the ends."""
    texts = tf.strings.regex_replace(texts, f"{WHITE_SPACE}+", " ")
    return tf.strings.regex_replace(texts, "^ | $", "")


def import_tensorflow_text(purpose: str) -> Any:
    """Returns the module `tensorflow_text`, imported on first use: it has no Windows wheel.

    Raises:
        ImportError: if it is not installed, naming what needs it and what goes without.
    """
    try:
        return importlib.import_module("tensorflow_text")
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs the package tensorflow-text, which cannot be imported here: {error}. "
            "Install it with `pip install tensorflow-text` (there is none for Windows), or use a "
            "character, byte, word or regex tokenizer with normalization='none'."
        ) from error


def _unicode_form(texts: Tensor, normalization: str) -> Tensor:
    if normalization == "none":
        return texts
    tensorflow_text = import_tensorflow_text(f"normalization={normalization!r}")
    return tensorflow_text.normalize_utf8(texts, normalization.upper())
