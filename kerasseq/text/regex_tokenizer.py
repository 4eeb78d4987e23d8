"""Pieces by a regular expression of the user's."""

from typing import Any

import tensorflow as tf

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.vocabulary import Vocabulary, most_frequent_pieces
from kerasseq.typing import Tensor

# This byte stands nowhere in valid UTF-8, so it can mark a cut in any text.
_CUT = b"\xff"


@register
class RegexTokenizer(Tokenizer):
    r"""Cuts a text before and after each match of a pattern.

    A match is one piece, and so is what stands between two matches: nothing is thrown away, and
    every text comes back as it was. For what has an own grammar: dates, numbers digit by digit,
    chemical names, phonemes written without spaces.

    Args:
        pattern: a regular expression in RE2 syntax (no look-ahead, no back-references). The
            default cuts out each digit, each white-space character and each symbol, and leaves
            letters in runs.

    Raises:
        ValueError: if the pattern does not compile.

    Example:

    >>> from kerasseq.text import TextCodec
    >>> codec = TextCodec.train(["tʃɪp"], tokenizer="regex", pattern="tʃ|.")
    >>> [piece.decode() for piece in codec.tokenize(["tʃɪp"])[0].numpy()]
    ['tʃ', 'ɪ', 'p']
    """

    def __init__(self, pattern: str = r"\p{N}|\s|[^\p{L}\p{M}\p{N}\s]") -> None:
        super().__init__()
        checks.check_string("pattern", pattern)
        _check_compiles(pattern)
        self.pattern = pattern

    def clean(self, texts: Tensor) -> Tensor:
        return texts

    def tokenize(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return self._cut(texts)

    def encode(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return vocabulary.ids(self._cut(texts))

    def decode(self, token_ids: tf.RaggedTensor, vocabulary: Vocabulary) -> Tensor:
        return tf.strings.reduce_join(vocabulary.written(token_ids), axis=-1)

    def train(
        self, texts: Tensor, vocabulary_size: int, seed: int
    ) -> tuple["RegexTokenizer", list[str]]:
        return self, most_frequent_pieces(texts, self._cut, vocabulary_size)

    def get_config(self) -> dict[str, Any]:
        return {"pattern": self.pattern}

    def _cut(self, texts: Tensor) -> tf.RaggedTensor:
        marked = tf.strings.regex_replace(texts, self.pattern, _CUT + rb"\0" + _CUT)
        pieces = tf.strings.split(marked, sep=_CUT)  # (batch, None), "" between neighbours
        return tf.ragged.boolean_mask(pieces, tf.not_equal(pieces, ""))


def _check_compiles(pattern: str) -> None:
    try:
        with tf.init_scope():
            tf.strings.regex_full_match("", pattern)
    except (tf.errors.InvalidArgumentError, UnicodeEncodeError) as error:
        reason = (
            getattr(error, "message", str(error)).rpartition("error: ")[2].partition(" [Op:")[0]
        )
        raise ValueError(
            "`pattern` must be a regular expression in RE2 syntax (no look-ahead, no "
            f"back-references). Received: {pattern!r}, which does not compile: {reason}"
        ) from error
