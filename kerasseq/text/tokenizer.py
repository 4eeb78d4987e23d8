"""The contract of a tokenizer."""

import abc
from typing import Any

import tensorflow as tf

from kerasseq.text.segmentation_sampling import Candidates
from kerasseq.text.vocabulary import Vocabulary
from kerasseq.typing import Tensor


class Tokenizer(tf.Module, abc.ABC):
    """Cuts texts into pieces and puts them together again, in graph.

    A tokenizer knows how a text is cut; which pieces there are, and at which ids, stands in the
    `Vocabulary` beside it. Texts come in as valid UTF-8 `(batch,)` that has gone through `clean`.
    What it must keep: `decode(encode(text)) == text` for every cleaned text whose pieces are all
    in the vocabulary.
    """

    @abc.abstractmethod
    def clean(self, texts: Tensor) -> Tensor:
        """Returns `(batch,)` texts without what this tokenizer cannot bring back.

        The last step of normalisation; cleaning twice changes nothing.
        """

    @abc.abstractmethod
    def tokenize(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        """Returns `(batch, None)` pieces for display, one for each id of `encode`."""

    @abc.abstractmethod
    def encode(self, texts: Tensor, vocabulary: Vocabulary) -> tf.RaggedTensor:
        """Returns `(batch, None)` int32 ids: none of them special but `UNKNOWN_ID`."""

    @abc.abstractmethod
    def decode(self, token_ids: tf.RaggedTensor, vocabulary: Vocabulary) -> Tensor:
        """Returns `(batch,)` texts of ids: pieces and `UNKNOWN_ID` alone, all within range."""

    @abc.abstractmethod
    def train(
        self, texts: Tensor, vocabulary_size: int, seed: int
    ) -> tuple["Tokenizer", list[str]]:
        """Returns the tokenizer to use for texts like these, and its pieces in the order of ids.

        Args:
            texts: `(batch,)` cleaned texts, at least one of them not empty.
            vocabulary_size: the most ids there may be, the special ones included.
            seed: where training draws at random.
        """

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Tokenizer":
        """Makes the tokenizer again from what `get_config` returned."""
        return cls(**config)

    def fixed_pieces(self) -> list[str] | None:
        """Returns the only pieces that go with this tokenizer, or `None` where any do."""
        return None

    def candidates(self, texts: Tensor, alpha: float, num_best: int) -> list[Candidates]:
        """Returns the likeliest segmentations of each text.

        Raises:
            ValueError: if this tokenizer has but one segmentation for a text.
        """
        raise ValueError(
            f"`sample` needs the 'subword' tokenizer: `{type(self).__name__}` has one segmentation "
            "for each text. Train with sampling off, or with tokenizer='subword'."
        )
