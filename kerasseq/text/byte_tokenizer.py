"""One piece for each byte of UTF-8."""

from typing import Any

import tensorflow as tf

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.text.special_ids import SPECIAL_TOKENS, UNKNOWN_MARKER
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.vocabulary import Vocabulary
from kerasseq.typing import Tensor

# A byte alone is often no valid UTF-8: what is not printable ASCII is displayed by number.
_DISPLAY = [chr(byte) if 0x20 < byte < 0x7F else f"<0x{byte:02X}>" for byte in range(256)]


@register
class ByteTokenizer(Tokenizer):
    """Cuts a text into the bytes of its UTF-8; the vocabulary is the 256 bytes.

    No text is unknown, in any script, and every text comes back as it was; sequences are long
    (one to four pieces a character). Ids that make no UTF-8, as a model may write them, are
    decoded with U+FFFD in the place of what is broken.

    Example:

    >>> from kerasseq.text import TextCodec
    >>> TextCodec.train(["any"], tokenizer="byte").tokenize(["på"]).to_list()
    [[b'p', b'<0xC3>', b'<0xA5>']]
    """

    def __init__(self) -> None:
        super().__init__()  # takes no argument: a wrong option is an error that names this class

    def clean(self, texts: Tensor) -> Tensor:
        return texts

    def tokenize(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return vocabulary.tokens(self.encode(texts, vocabulary))

    def encode(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        # One long string read as numbers: ten times faster than a string for each byte.
        numbers = tf.io.decode_raw(tf.strings.reduce_join(texts), tf.uint8)  # (all bytes,)
        return tf.RaggedTensor.from_row_lengths(
            tf.cast(numbers, tf.int32) + len(SPECIAL_TOKENS),
            tf.strings.length(texts, unit="BYTE"),
            validate=False,
        ).with_row_splits_dtype(tf.int64)

    def decode(self, token_ids: tf.RaggedTensor, vocabulary: Vocabulary) -> Tensor:
        special = ["", UNKNOWN_MARKER.encode(), "", ""]
        written = tf.constant(special + [bytes([byte]) for byte in range(256)], tf.string)
        pieces = token_ids.with_flat_values(tf.gather(written, token_ids.flat_values))
        texts = tf.strings.reduce_join(pieces, axis=-1)
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")

    def train(
        self, texts: Tensor, vocabulary_size: int, seed: int
    ) -> tuple["ByteTokenizer", list[str]]:
        checks.check_integer(
            "vocabulary_size", vocabulary_size, minimum=len(SPECIAL_TOKENS) + len(_DISPLAY)
        )
        return self, list(_DISPLAY)

    def fixed_pieces(self) -> list[str]:
        return list(_DISPLAY)

    def get_config(self) -> dict[str, Any]:
        return {}
