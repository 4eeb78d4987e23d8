import sys

import numpy as np
import tensorflow as tf

from kerasseq.text import lower_case as module
from kerasseq.text.lower_case import lower_case


def lowered(text: str) -> str:
    return lower_case(tf.constant([text])).numpy()[0].decode()


def test_every_character_alone_is_as_in_python() -> None:
    characters = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    result = lower_case(tf.constant([character.encode() for character in characters])).numpy()

    assert [text.decode() for text in result] == [character.lower() for character in characters]


def test_no_cased_character_is_beyond_the_table() -> None:
    lower = [chr(code).lower() for code in range(module._CASED_CHARACTERS, sys.maxunicode + 1)]

    assert all(ord(text) == module._CASED_CHARACTERS + i for i, text in enumerate(lower))


def test_sigma_is_final_at_the_end_of_a_word() -> None:
    assert lowered("ΟΔΟΣ ΣΟΦΟΣ, Σ") == "οδος σοφος, σ"
    assert lowered("ΑΣ") == "ας"


def test_sigma_is_final_where_python_says_so_too() -> None:
    """What is ignored for case stands between: full stops, apostrophes, marks, soft hyphens."""
    pool = [*"ΑΣΣΣσςaA1 .'’·-_中ʰⅠⓐ𐐀ß\n\0", "\u00ad", "\u0301", "\u0345", "\u200d", "\U000e0101"]
    generator = np.random.default_rng(0)
    texts = ["Α.Σ.", "ΟΔΟΣ.ΕΞΩ", "ΣΑΣ’ΤΟ", "ΚΩΣ\u00adΤΑΣ", "中Σ"]
    texts += ["".join(generator.choice(pool, length)) for length in [4, 6, 8] * 2000]
    result = lower_case(tf.constant(texts)).numpy()
    assert [text.decode() for text in result] == [text.lower() for text in texts]


def test_a_null_character_does_not_end_the_text() -> None:
    assert lowered("A\0B") == "a\0b"


def test_lower_case_stays_as_it_is() -> None:
    texts = tf.constant(["straße", "i\u0307", "日本", ""])

    np.testing.assert_array_equal(lower_case(texts).numpy(), texts.numpy())


def test_an_empty_batch_is_empty() -> None:
    assert lower_case(tf.constant([], tf.string)).shape == (0,)
