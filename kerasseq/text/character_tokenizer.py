"""One piece for each character."""

from typing import Any

import tensorflow as tf

from kerasseq.serialization import register
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.vocabulary import Vocabulary, most_frequent_pieces
from kerasseq.typing import Tensor


@register
class CharacterTokenizer(Tokenizer):
    """Cuts a text into its characters (Unicode code points), white space included.

    For spelling, transliteration, inflection and normalisation of words, where the vocabulary is
    small and nothing may be lost: every text comes back as it was.

    Example:

    >>> from kerasseq.text import TextCodec
    >>> codec = TextCodec.train(["abba"], tokenizer="character")
    >>> codec.tokenize(["a b"]).to_list()
    [[b'a', b' ', b'b']]
    """

    def __init__(self) -> None:
        super().__init__()  # takes no argument: a wrong option is an error that names this class

    def clean(self, texts: Tensor) -> Tensor:
        return texts

    def tokenize(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return _characters(texts)

    def encode(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return vocabulary.ids(_characters(texts))

    def decode(self, token_ids: tf.RaggedTensor, vocabulary: Vocabulary) -> Tensor:
        return tf.strings.reduce_join(vocabulary.written(token_ids), axis=-1)

    def train(
        self, texts: Tensor, vocabulary_size: int, seed: int
    ) -> tuple["CharacterTokenizer", list[str]]:
        return self, most_frequent_pieces(texts, _characters, vocabulary_size)

    def get_config(self) -> dict[str, Any]:
        return {}


def _characters(texts: Tensor) -> tf.RaggedTensor:
    return tf.strings.unicode_split(texts, "UTF-8")
