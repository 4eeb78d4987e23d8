"""One piece for each word and each punctuation mark."""

from typing import Any

import tensorflow as tf

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.text.normalization import collapse_white_space
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.vocabulary import Vocabulary, most_frequent_pieces
from kerasseq.typing import Tensor

JOINER = "\N{HALFWIDTH BLACK SQUARE}"
_JOINER_LOOKALIKE = "\N{BLACK SQUARE}"  # what NFKC makes of the joiner, too

# What makes words: letters, marks, digits, the underscore and the two joiners of letters.
_WORD = r"\p{L}\p{M}\p{N}_\x{200C}\x{200D}"
# Anything else but a space, with the marks and skin tones on it; emoji tied by U+200D stay whole.
_ONE_SYMBOL = rf"[^{_WORD} ][\p{{M}}\x{{1F3FB}}-\x{{1F3FF}}]*"
_SYMBOL = rf"{_ONE_SYMBOL}(?:\x{{200D}}{_ONE_SYMBOL})*"


@register
class WordTokenizer(Tokenizer):
    """Cuts a text into words and symbols, and writes it back with its own spacing.

    Words are runs of letters, marks and digits; every other character is a symbol. A symbol that
    touches its neighbour carries U+FFED on that side, the word never, so that a word is one piece
    wherever it stands: "Hello, (big) world!" is `Hello` `￭,` `(￭` `big` `￭)` `world` `￭!`.
    White space is collapsed to single spaces, and U+FFED in a text becomes U+25A0.

    Languages written without spaces are better served by characters or subwords.

    Args:
        split_punctuation: `True` cuts symbols from words. `False` cuts at white space alone, for
            texts that are lists of symbols: phonemes ("AA1 R T IY"), tags, tokenized corpora.

    Example:

    >>> from kerasseq.text import TextCodec
    >>> codec = TextCodec.train(["Hello, world!"], tokenizer="word")
    >>> codec.decode(codec.encode(["world, Hello!"])).numpy()
    array([b'world, Hello!'], dtype=object)
    """

    def __init__(self, split_punctuation: bool = True) -> None:
        super().__init__()
        checks.check_boolean("split_punctuation", split_punctuation)
        self.split_punctuation = split_punctuation

    def clean(self, texts: Tensor) -> Tensor:
        if self.split_punctuation:
            texts = tf.strings.regex_replace(texts, JOINER, _JOINER_LOOKALIKE)
        return collapse_white_space(texts)

    def tokenize(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return self._cut(texts)

    def encode(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return vocabulary.ids(self._cut(texts))

    def decode(self, token_ids: tf.RaggedTensor, vocabulary: Vocabulary) -> Tensor:
        texts = tf.strings.reduce_join(vocabulary.written(token_ids), axis=-1, separator=" ")
        if self.split_punctuation:
            texts = tf.strings.regex_replace(texts, f" ?{JOINER} ?", "")
        return texts

    def train(
        self, texts: Tensor, vocabulary_size: int, seed: int
    ) -> tuple["WordTokenizer", list[str]]:
        return self, most_frequent_pieces(texts, self._cut, vocabulary_size)

    def get_config(self) -> dict[str, Any]:
        return {"split_punctuation": self.split_punctuation}

    def _cut(self, texts: Tensor) -> tf.RaggedTensor:
        if self.split_punctuation:
            texts = _mark_symbols(texts)
        pieces = tf.strings.split(texts, sep=" ")  # (batch, None); of "" it makes [""]
        return tf.ragged.boolean_mask(pieces, tf.not_equal(pieces, ""))


def _mark_symbols(texts: Tensor) -> Tensor:
    """Returns texts with a space around each symbol and the joiners that make up for it.

    A line break marks a cut until its joiners are settled: cleaned text has none of its own.
    """
    replacements = (
        (_SYMBOL, f"\n{JOINER}\\0{JOINER}\n"),
        (f"(^| )\n{JOINER}", r"\1"),  # nothing on the left to join
        (f"{JOINER}\n( |$)", r"\1"),  # nothing on the right
        (f"{JOINER}\n\n{JOINER}", f"\n{JOINER}"),  # of two symbols the second says it
        ("\n", " "),
    )
    for pattern, rewrite in replacements:
        texts = tf.strings.regex_replace(texts, pattern, rewrite)
    return texts
