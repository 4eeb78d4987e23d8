"""Strings <-> ids: normalisation + tokenizer + vocabulary."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasseq import checks, serialization
from kerasseq.text.inputs import as_padded_ids, as_texts
from kerasseq.text.normalization import NORMALIZATIONS, normalize
from kerasseq.text.segmentation_sampling import Candidates, draw
from kerasseq.text.special_ids import END_ID, PAD_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID
from kerasseq.text.tokenizer import Tokenizer
from kerasseq.text.tokenizers import TOKENIZERS
from kerasseq.text.vocabulary import Vocabulary
from kerasseq.typing import Strings, Tensor

_logger = logging.getLogger(__name__)


@serialization.register
class TextCodec(tf.Module):
    """Turns strings into token ids and back, the same in Python, `tf.data` and exported graphs.

    Make one with `TextCodec.train` for each side of a task. It never changes afterwards, and its
    config holds all of it. Texts are a list of `str` or UTF-8 `bytes`, or a string tensor of shape
    `(batch,)`; an empty batch and empty strings are fine. `decode(encode(texts))` gives
    `normalize(texts)` wherever the vocabulary knows all pieces.

    What `normalize` does, in this order: bytes that are not UTF-8, and surrogates alone, become
    U+FFFD; then the Unicode form and lower case that were asked for; then, with the word and
    subword tokenizers, white space is collapsed.

    Args:
        tokenizer: `"character"`, `"byte"`, `"word"`, `"regex"` or `"subword"`, a config, or a
            `Tokenizer`.
        vocabulary: every piece at the position of its id, `SPECIAL_TOKENS` first.
        normalization: the Unicode form. `"none"` leaves characters as they are; `"nfc"` composes
            them (e + accent becomes é); `"nfkc"` also folds compatibility forms (ﬁ becomes fi).
            The latter two need tensorflow-text.
        lowercase: `True` turns texts to lower case, which decoding does not undo.
        name: of the module.

    Raises:
        ValueError: if an argument is none of its options, or the vocabulary is not that of the
            tokenizer.

    Example:

    >>> from kerasseq.text import TextCodec
    >>> codec = TextCodec.train(["banana"], tokenizer="character")
    >>> codec.encode(["ban", ""]).to_list()
    [[6, 4, 5], []]
    >>> codec.decode([[6, 4, 5, 3, 4]]).numpy()
    array([b'ban'], dtype=object)
    """

    pad_id = PAD_ID
    unknown_id = UNKNOWN_ID
    start_id = START_ID
    end_id = END_ID

    def __init__(
        self,
        tokenizer: str | Mapping[str, Any] | Tokenizer,
        vocabulary: Sequence[str],
        normalization: str = "none",
        lowercase: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        checks.check_one_of("normalization", normalization, NORMALIZATIONS)
        checks.check_boolean("lowercase", lowercase)
        self.normalization = normalization
        self.lowercase = lowercase
        self.tokenizer: Tokenizer = serialization.get(TOKENIZERS, tokenizer, "tokenizer")
        fixed = self.tokenizer.fixed_pieces()
        self._vocabulary = Vocabulary(vocabulary)
        if fixed is not None and list(self._vocabulary.pieces[len(SPECIAL_TOKENS) :]) != fixed:
            raise ValueError(
                f"`vocabulary` must be the one of the {type(self.tokenizer).__name__}, "
                f"{len(SPECIAL_TOKENS) + len(fixed)} pieces long. "
                f"Received: {len(self._vocabulary)} pieces, at least one of them another."
            )

    @classmethod
    def train(
        cls,
        texts: Strings,
        tokenizer: str | Mapping[str, Any] | Tokenizer = "subword",
        vocabulary_size: int = 2000,
        normalization: str = "none",
        lowercase: bool = False,
        seed: int = 0,
        **tokenizer_options: Any,
    ) -> "TextCodec":
        """Makes the codec for texts like these: its vocabulary is what stands in them most often.

        Args:
            texts: the corpus, one side of the training pairs.
            tokenizer: how texts are cut, as for `TextCodec`.
            vocabulary_size: at most so many ids, the four special ones included; a small corpus
                gives fewer, and the byte tokenizer always has 260.
            normalization: the Unicode form, as for `TextCodec`.
            lowercase: as for `TextCodec`.
            seed: where training draws at random (the subword tokenizer, from large corpora).
            **tokenizer_options: arguments of the tokenizer, when it is given by name.

        Raises:
            ValueError: if there is no text, or the vocabulary is too small for the tokenizer.
        """
        checks.check_integer("vocabulary_size", vocabulary_size, minimum=len(SPECIAL_TOKENS) + 1)
        checks.check_integer("seed", seed, minimum=0)
        if tokenizer_options and not isinstance(tokenizer, str):
            raise TypeError(
                "The options of a tokenizer go with its name, e.g. tokenizer='subword'. "
                f"Received: {sorted(tokenizer_options)} beside {tokenizer!r}."
            )
        untrained = serialization.get(TOKENIZERS, tokenizer, "tokenizer", **tokenizer_options)
        checks.check_one_of("normalization", normalization, NORMALIZATIONS)
        checks.check_boolean("lowercase", lowercase)
        corpus = untrained.clean(normalize(as_texts(texts), normalization, lowercase))
        if not np.any(np.asarray(tf.strings.length(corpus))):
            raise ValueError(
                f"`texts` must hold at least one text that is not empty. Received: {len(corpus)} "
                "empty texts."
            )
        trained, pieces = untrained.train(corpus, vocabulary_size, seed)
        codec = cls(trained, [*SPECIAL_TOKENS, *pieces], normalization, lowercase)
        _logger.info("Trained %s: %d ids.", type(trained).__name__, codec.vocabulary_size)
        return codec

    @property
    def vocabulary(self) -> list[str]:
        """Every piece at the position of its id, the special tokens first."""
        return list(self._vocabulary.pieces)

    @property
    def vocabulary_size(self) -> int:
        """How many ids there are, the special ones included."""
        return len(self._vocabulary)

    def normalize(self, texts: Strings) -> Tensor:
        """Returns `(batch,)` texts as the tokenizer sees them; twice changes nothing more."""
        texts = normalize(as_texts(texts), self.normalization, self.lowercase)
        return self.tokenizer.clean(texts)

    def tokenize(self, texts: Strings) -> tf.RaggedTensor:
        """Returns `(batch, None)` pieces for display, one for each id of `encode`."""
        return self.tokenizer.tokenize(self.normalize(texts), self._vocabulary)

    def encode(self, texts: Strings) -> tf.RaggedTensor:
        """Returns `(batch, None)` int32 ids of texts, without start and end."""
        return self.tokenizer.encode(self.normalize(texts), self._vocabulary)

    def decode(self, token_ids: Any) -> Tensor:
        """Returns `(batch,)` texts of ids.

        Args:
            token_ids: ragged or padded `(batch, length)` integers, or a list of lists. Nothing
                behind the first end counts; pad and start are skipped; what is unknown or no id
                of this vocabulary is written as U+2047.
        """
        token_ids = self._within_range(as_padded_ids(token_ids))
        is_text = _until_end(token_ids) & (token_ids != PAD_ID) & (token_ids != START_ID)
        return self.tokenizer.decode(tf.ragged.boolean_mask(token_ids, is_text), self._vocabulary)

    def tokens(self, token_ids: Any) -> tf.RaggedTensor:
        """Returns `(batch, None)` pieces of ids for display, up to "</s>" with it, without pads.

        Args:
            token_ids: as for `decode`.
        """
        token_ids = self._within_range(as_padded_ids(token_ids))
        is_shown = _until_end(token_ids, with_end=True) & (token_ids != PAD_ID)
        return self._vocabulary.tokens(tf.ragged.boolean_mask(token_ids, is_shown))

    def sample(
        self,
        texts: Strings,
        seeds: Sequence[int] | np.ndarray,
        alpha: float = 0.1,
        num_best: int = 64,
    ) -> tf.RaggedTensor:
        """Returns `(batch, None)` int32 ids of one segmentation drawn at random for each text.

        Subword regularisation: in training another segmentation in each epoch makes a model
        robust on little data. A pure function of its arguments, in every process; it runs in
        Python, not in a graph.

        Args:
            texts: the texts.
            seeds: one integer for each text.
            alpha: 0 draws among the candidates alike, a large one takes the likeliest.
            num_best: how many of the likeliest segmentations are candidates.

        Raises:
            ValueError: if the tokenizer is not the subword one, or there is not one seed a text.
            TypeError: if a seed is no integer.
            RuntimeError: in a graph.
        """
        if np.asarray(seeds).dtype.kind not in "iu" and np.size(seeds):
            raise TypeError(f"`seeds` must be integers. Received: {seeds!r}.")
        candidates = self.candidates(texts, alpha, num_best)
        if np.shape(seeds) != (len(candidates),):
            raise ValueError(
                "`seeds` must hold one integer for each text. "
                f"Received: {len(candidates)} texts, seeds of shape {np.shape(seeds)}."
            )
        rows = draw(candidates, seeds)
        values = np.concatenate([np.zeros(0, np.int32), *rows])
        return tf.RaggedTensor.from_row_lengths(
            values, np.array([len(row) for row in rows], np.int64)
        )

    def candidates(
        self, texts: Strings, alpha: float = 0.1, num_best: int = 64
    ) -> list[Candidates]:
        """Returns what `sample` draws from, for those who sample a text many times.

        Args:
            texts: the texts.
            alpha: as for `sample`.
            num_best: as for `sample`.

        Raises:
            ValueError: if the tokenizer is not the subword one.
            RuntimeError: in a graph.
        """
        checks.check_number("alpha", alpha, minimum=0)
        checks.check_positive_integer("num_best", num_best)
        if not tf.executing_eagerly():
            raise RuntimeError("`sample` runs in Python: call it eagerly, not in a graph.")
        return self.tokenizer.candidates(self.normalize(texts), alpha, num_best)

    def get_config(self) -> dict[str, Any]:
        return {
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "vocabulary": self.vocabulary,
            "normalization": self.normalization,
            "lowercase": self.lowercase,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextCodec":
        """Makes the codec again from what `get_config` returned."""
        tokenizer = keras.saving.deserialize_keras_object(config["tokenizer"])
        return cls(**{**config, "tokenizer": tokenizer})

    def __reduce__(self) -> Any:
        """For `pickle` and `copy`: the tables of a graph cannot be copied, and are made anew."""
        return type(self).from_config, (self.get_config(),)

    def _within_range(self, token_ids: Tensor) -> Tensor:
        known = (token_ids >= 0) & (token_ids < self.vocabulary_size)
        return tf.where(known, token_ids, UNKNOWN_ID)


def _until_end(token_ids: Tensor, with_end: bool = False) -> Tensor:
    """Returns `(batch, length)` booleans: `True` before the first end of each row."""
    is_end = tf.cast(token_ids == END_ID, tf.int32)
    return tf.cumsum(is_end, axis=1, exclusive=with_end) == 0
