"""Frequent strings whole, rare ones in parts: a unigram SentencePiece."""

import base64
import functools
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.text.normalization import collapse_white_space, import_tensorflow_text
from kerasseq.text.segmentation_sampling import Candidates
from kerasseq.text.special_ids import SPECIAL_TOKENS
from kerasseq.text.subword_training import train_unigram
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.vocabulary import Vocabulary
from kerasseq.typing import Tensor

SPACE_MARK = "\N{LOWER ONE EIGHTH BLOCK}"  # SentencePiece writes a space so
_SPACE_MARK_LOOKALIKE = "_"


@register
class SubwordTokenizer(Tokenizer):
    """Cuts a text into subwords: the likeliest segmentation under a unigram language model.

    The choice for translation and any text with an open vocabulary: frequent words are one piece,
    rare ones several, and only characters that training left out are unknown (always so: the
    null, U+001F and U+2585, which SentencePiece keeps to itself). White space is
    collapsed to single spaces, and U+2581, SentencePiece's own sign of a space, in a text becomes
    "_". Pieces that start a word show that sign: `▁Hel` `lo`.

    Training runs in memory with the package `sentencepiece`. Graphs use tensorflow-text's
    `FastSentencepieceTokenizer`, which keeps the model as a constant: two codecs in one
    SavedModel share nothing.

    Args:
        character_coverage: the share of the corpus, in (0, 1], that the characters in the
            vocabulary make up at least. `None` takes all characters, or as many of the most
            frequent ones as fill three quarters of the vocabulary.
        max_training_texts: a larger corpus is sampled down to so many texts, by the seed.
        model: the trained model in base64, or `None` before training.

    Reference: Kudo, "Subword Regularization" (2018), https://arxiv.org/abs/1804.10959.
    """

    def __init__(
        self,
        character_coverage: float | None = None,
        max_training_texts: int = 500_000,
        model: str | None = None,
    ) -> None:
        super().__init__()
        if character_coverage is not None:
            checks.check_positive("character_coverage", character_coverage)
            checks.check_number("character_coverage", character_coverage, maximum=1)
        checks.check_positive_integer("max_training_texts", max_training_texts)
        self.character_coverage = character_coverage
        self.max_training_texts = max_training_texts
        self.model = model

    def clean(self, texts: Tensor) -> Tensor:
        texts = tf.strings.regex_replace(texts, SPACE_MARK, _SPACE_MARK_LOOKALIKE)
        return collapse_white_space(texts)

    def tokenize(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        return vocabulary.tokens(self.encode(texts, vocabulary))

    def encode(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        ids = self._graph_tokenizer.tokenize(texts)
        return ids.with_row_splits_dtype(tf.int64)

    def decode(self, token_ids: tf.RaggedTensor, vocabulary: Vocabulary) -> Tensor:
        texts = tf.strings.reduce_join(vocabulary.written(token_ids), axis=-1)
        texts = tf.strings.regex_replace(texts, f"^{SPACE_MARK}", "")
        return tf.strings.regex_replace(texts, SPACE_MARK, " ")

    def train(
        self, texts: Tensor, vocabulary_size: int, seed: int
    ) -> tuple["SubwordTokenizer", list[str]]:
        chosen = np.asarray(texts)
        chosen = chosen[chosen != b""]  # they say nothing, and would take the places of others
        if len(chosen) > self.max_training_texts:
            generator = np.random.default_rng(seed)
            chosen = generator.choice(chosen, self.max_training_texts, replace=False)
        strings = [text.decode() for text in chosen]
        model = train_unigram(strings, vocabulary_size, self.character_coverage)
        trained = SubwordTokenizer(
            **{**self.get_config(), "model": base64.b64encode(model).decode("ascii")}
        )
        return trained, trained.fixed_pieces()

    def fixed_pieces(self) -> list[str]:
        size = self._python_tokenizer.get_piece_size()
        return [self._python_tokenizer.id_to_piece(i) for i in range(len(SPECIAL_TOKENS), size)]

    def candidates(self, texts: Tensor, alpha: float, num_best: int) -> list[Candidates]:
        return [
            Candidates(
                self._python_tokenizer.nbest_encode(
                    text.decode(), nbest_size=num_best, out_type=int
                ),
                self._scores,
                alpha,
            )
            for text in texts.numpy()
        ]

    def get_config(self) -> dict[str, Any]:
        return {
            "character_coverage": self.character_coverage,
            "max_training_texts": self.max_training_texts,
            "model": self.model,
        }

    def _model_bytes(self) -> bytes:
        if self.model is None:
            raise ValueError(
                "`SubwordTokenizer` must be trained before it cuts texts. Received: model=None. "
                "Use `TextCodec.train(texts, tokenizer='subword')`."
            )
        return base64.b64decode(self.model)

    @functools.cached_property
    def _graph_tokenizer(self) -> Any:
        tensorflow_text = import_tensorflow_text("The subword tokenizer")
        with tf.init_scope():  # its tensors outlive the graph that may be under construction
            return tensorflow_text.FastSentencepieceTokenizer(self._model_bytes())

    @functools.cached_property
    def _python_tokenizer(self) -> Any:
        import sentencepiece  # late: only training and sampling need it

        return sentencepiece.SentencePieceProcessor(model_proto=self._model_bytes())

    @functools.cached_property
    def _scores(self) -> np.ndarray:
        """The log probability of each piece."""
        processor = self._python_tokenizer
        return np.array([processor.get_score(i) for i in range(processor.get_piece_size())])
