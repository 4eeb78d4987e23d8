"""What users hand in -> one tensor: texts to `(batch,)` strings, token ids to `(batch, length)`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.text.special_ids import PAD_ID
from kerasseq.typing import Strings, Tensor


def as_texts(texts: Strings) -> Tensor:
    """Returns texts as a string tensor of shape `(batch,)`.

    A `str` may hold surrogates, which are no characters and have no UTF-8: a pair of them is
    joined to the character it stands for, one alone becomes U+FFFD. Bytes pass as they are;
    `normalize` replaces what is not UTF-8 in them.

    Raises:
        TypeError: if `texts` is a single string, or holds anything but strings.
        ValueError: if a tensor is not of shape `(batch,)`.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(
            "`texts` must be a list of strings or a string tensor of shape (batch,), not one "
            f"string. Received: {_shortened(texts)}. Write `[text]` for a batch of one."
        )
    if not tf.is_tensor(texts):
        return _from_python(texts)
    return _checked(texts)


def as_padded_ids(token_ids: Any) -> Tensor:
    """Returns token ids as an int32 tensor `(batch, length)`, padded on the right.

    Args:
        token_ids: a `tf.RaggedTensor`, a tensor or array of shape `(batch, length)`, or a list
            with one list of ids a row.

    Raises:
        TypeError: if the ids are not integers.
        ValueError: if there is no batch axis, or one too many.
    """
    if isinstance(token_ids, list | tuple):
        token_ids = _ragged_rows(token_ids)
    if not tf.is_tensor(token_ids):
        token_ids = tf.convert_to_tensor(token_ids)
    if not token_ids.dtype.is_integer:
        raise TypeError(
            f"`token_ids` must be integers. Received: a tensor of {token_ids.dtype.name}."
        )
    if token_ids.shape.rank not in (2, None):
        raise ValueError(
            "`token_ids` must be a batch of shape (batch, length). "
            f"Received: shape {tuple(token_ids.shape)}. Write `[token_ids]` for a batch of one."
        )
    if isinstance(token_ids, tf.RaggedTensor):
        token_ids = token_ids.to_tensor(default_value=PAD_ID)
    if token_ids.dtype.size > tf.int32.size or token_ids.dtype == tf.uint32:
        # What int32 cannot hold is no token's id, and must not become one by wrapping around.
        token_ids = tf.clip_by_value(tf.cast(token_ids, tf.int64), -1, tf.int32.max)
    return tf.cast(token_ids, tf.int32)


def _checked(texts: Tensor) -> Tensor:
    if texts.dtype != tf.string:
        raise TypeError(f"`texts` must be strings. Received: a tensor of {texts.dtype.name}.")
    if texts.shape.rank is None:
        return tf.ensure_shape(texts, (None,))
    if texts.shape.rank != 1:
        raise ValueError(
            "`texts` must be a batch of shape (batch,). "
            f"Received: a tensor of shape {tuple(texts.shape)}."
        )
    return texts


def _from_python(texts: Iterable[str | bytes]) -> Tensor:
    if not isinstance(texts, Iterable):
        raise TypeError(f"`texts` must be a list of strings. Received: {texts!r}.")
    encoded = []
    for position, text in enumerate(texts):
        if not isinstance(text, str | bytes):
            raise TypeError(
                "`texts` must hold strings alone. "
                f"Received: {_shortened(text)} at position {position}."
            )
        encoded.append(text if isinstance(text, bytes) else _utf8(text))
    return tf.constant(encoded, dtype=tf.string)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # UTF-16 is where surrogates have a meaning
        pairs = text.encode("utf-16-le", "surrogatepass")
        return pairs.decode("utf-16-le", "replace").encode()


def _ragged_rows(rows: Iterable[Any]) -> tf.RaggedTensor:
    arrays = [np.asarray(row) for row in rows]
    for position, array in enumerate(arrays):
        if array.ndim != 1:
            raise ValueError(
                "`token_ids` must be a list with one list of ids a row. "
                f"Received: {_shortened(array.tolist())} at position {position}."
            )
    # An empty list says nothing of its type, and NumPy calls it float: leave it out.
    values = np.concatenate([a for a in arrays if a.size] or [np.zeros(0, np.int32)])
    return tf.RaggedTensor.from_row_lengths(values, [array.size for array in arrays])


def _shortened(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= 60 else written[:57] + "..."
