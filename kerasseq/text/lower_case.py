"""Lower case that is the same on every machine.

`tf.strings.lower` asks the process for its language (under a Turkish locale "I" becomes a dotless
i) and ends a text at its first null character. So the mapping here is Unicode's own, carried in
the graph as two constants.
"""

import functools

import tensorflow as tf

from kerasseq.typing import Tensor

# No letter beyond has a lower case (a test holds it); a fifth of the work of looking at all.
_CASED_CHARACTERS = 0x20000


def lower_case(texts: Tensor) -> Tensor:
    """Returns `(batch,)` texts in lower case: Unicode's default mapping, no language's own.

    A capital sigma at the end of a word becomes the final sigma, and U+0130 (I with a dot) an i
    with a combining dot, as in Python's `str.lower`.
    """
    texts = tf.strings.regex_replace(texts, r"(\pL\pM*)\x{3A3}([^\pL\pM]|\z)", "\\1\u03c2\\2")
    texts = tf.strings.regex_replace(texts, "\u0130", "i\u0307")
    characters = tf.strings.unicode_decode(texts, "UTF-8")  # (batch, None)
    lowered = characters.with_flat_values(_lower_code_points(characters.flat_values))
    return tf.strings.unicode_encode(lowered, "UTF-8")


def _lower_code_points(code_points: Tensor) -> Tensor:
    upper, lower = (tf.constant(column, tf.int32) for column in _pairs())
    position = tf.minimum(tf.searchsorted(upper, code_points), tf.size(upper) - 1)
    has_lower = tf.equal(tf.gather(upper, position), code_points)
    return tf.where(has_lower, tf.gather(lower, position), code_points)


@functools.cache
def _pairs() -> tuple[list[int], list[int]]:
    """The code points that have a lower case of one code point, ascending, and that one."""
    lowered = ((code, chr(code).lower()) for code in range(_CASED_CHARACTERS))
    pairs = [(code, ord(text)) for code, text in lowered if len(text) == 1 and ord(text) != code]
    return [code for code, _ in pairs], [code for _, code in pairs]
