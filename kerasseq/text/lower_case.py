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
# What is beyond and may stand within a word: tags and variation selectors.
_IGNORED_CHARACTERS = range(0xE0000, 0xE0200)


def lower_case(texts: Tensor) -> Tensor:
    """Returns `(batch,)` texts in lower case: Unicode's default mapping, no language's own.

    A capital sigma at the end of a word becomes the final sigma (Unicode's Final_Sigma), and
    U+0130 (I with a dot) an i with a combining dot, as in Python's `str.lower`.
    """
    texts = tf.strings.regex_replace(texts, _final_sigma(), "\\1\u03c2\\2")
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
def _final_sigma() -> str:
    """A pattern for a capital sigma with a cased letter before and none behind.

    Characters that are ignored for case (marks, apostrophes, full stops, soft hyphens) may stand
    between. RE2 has no names for the two classes, so they are asked of Python.
    """
    codes = [*range(_CASED_CHARACTERS), *_IGNORED_CHARACTERS]
    cased = [code for code in codes if f"{chr(code)}\u03a3".lower().endswith("\u03c2")]
    passed = [code for code in codes if f"A{chr(code)}\u03a3".lower().endswith("\u03c2")]
    letters, ignored = _ranges(cased), _ranges(sorted({*passed} - {*cased}))
    before = f"[{letters}][{ignored}]*"
    return rf"({before})\x{{3A3}}([{ignored}]*(?:[^{letters}{ignored}]|\z))"


def _ranges(codes: list[int]) -> str:
    """Ascending code points as the inside of a class of RE2."""
    starts = [code for code, before in zip(codes, [-2, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], -2], strict=True) if after != code + 1]
    return "".join(
        rf"\x{{{start:X}}}-\x{{{end:X}}}" for start, end in zip(starts, ends, strict=True)
    )


@functools.cache
def _pairs() -> tuple[list[int], list[int]]:
    """The code points that have a lower case of one code point, ascending, and that one."""
    lowered = ((code, chr(code).lower()) for code in range(_CASED_CHARACTERS))
    pairs = [(code, ord(text)) for code, text in lowered if len(text) == 1 and ord(text) != code]
    return [code for code, _ in pairs], [code for _, code in pairs]
