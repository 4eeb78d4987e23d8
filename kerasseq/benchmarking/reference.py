"""The reference work: networks of stated sizes, and data of the lengths of well-known corpora."""

import dataclasses

import keras
import numpy as np

from kerasseq import checks, models
from kerasseq.data import EncodedPairs, TokenBatches, TokenRows
from kerasseq.experiments import environment
from kerasseq.text import END_ID, SPECIAL_TOKENS, START_ID


@dataclasses.dataclass(frozen=True)
class Lengths:
    """How long the texts of a corpus are, in tokens with the end.

    Source lengths and the differences between target and source are drawn each by itself: that
    gives means, spreads and the padding of a batch, and needs no text.

    Attributes:
        first_source: the shortest source that is counted.
        sources: how many sources there are of this and of each next length.
        first_difference: the lowest target length minus source length that is counted.
        differences: how many pairs there are of this and of each next difference.
    """

    first_source: int
    sources: tuple[int, ...]
    first_difference: int
    differences: tuple[int, ...]

    def draw(self, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Returns `(source_lengths, target_lengths)`, each `(count,)` int64.

        Args:
            count: how many pairs.
            seed: what they are drawn by.
        """
        generator = np.random.default_rng(seed)
        sources = self.first_source + _draw(generator, self.sources, count)
        differences = self.first_difference + _draw(generator, self.differences, count)
        return sources, np.maximum(sources + differences, 2)


def paying_dtypes() -> list[str]:
    """Returns the dtype policies that are worth while on this CPU."""
    return ["float32"] + ["mixed_bfloat16"] * bool(environment.bfloat16_features())


def product_dtype(dtype: str) -> str:
    """Returns the dtype of the matrix products under a dtype policy."""
    return "bfloat16" if dtype == "mixed_bfloat16" else "float32"


def _draw(generator: np.random.Generator, counts: tuple[int, ...], size: int) -> np.ndarray:
    return generator.choice(len(counts), size, p=np.array(counts) / sum(counts))


@dataclasses.dataclass(frozen=True)
class Reference:
    """A network and what it is measured on.

    Attributes:
        source_vocabulary_size: source token ids.
        target_vocabulary_size: target token ids.
        embedding_units: size of both embeddings.
        encoder_units: of the bidirectional LSTM, a side; the decoder's LSTM has twice as many.
        lengths: of its texts.
        pairs: how many pairs are generated.
    """

    source_vocabulary_size: int
    target_vocabulary_size: int
    embedding_units: int
    encoder_units: int
    lengths: Lengths
    pairs: int

    @property
    def decoder_units(self) -> int:
        """As many as both directions of the encoder: its last state is the decoder's first."""
        return 2 * self.encoder_units

    def with_vocabulary_size(self, size: int | None) -> "Reference":
        """Returns the same network and data with another number of token ids on both sides.

        Args:
            size: how many; `None` leaves them as they are.

        Raises:
            ValueError: if there is nothing beside the special tokens.
        """
        if size is None:
            return self
        checks.check_integer("vocabulary_size", size, minimum=len(SPECIAL_TOKENS) + 1)
        return dataclasses.replace(self, source_vocabulary_size=size, target_vocabulary_size=size)

    def build(
        self, dtype: str, input_feeding: bool = True, dropout: float = 0.2
    ) -> models.SequenceToSequence:
        """Returns the network with random weights: general attention, no bridge.

        Args:
            dtype: a dtype policy.
            input_feeding: whether the decoder reads its last readout.
            dropout: share that is dropped.
        """
        checks.check_one_of("dtype", dtype, ("float32", "mixed_bfloat16"))
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(dtype)
        try:
            return models.build(
                "bidirectional_luong",
                self.source_vocabulary_size,
                self.target_vocabulary_size,
                cell="lstm",
                embedding_units=self.embedding_units,
                encoder_units=self.encoder_units,
                decoder_units=self.decoder_units,
                bridge="last_state",
                attention="general",
                input_feeding=input_feeding,
                dropout=dropout,
            )
        finally:
            keras.config.set_dtype_policy(policy)

    def generate(self, batch_size: int, seed: int = 0) -> TokenBatches:
        """Returns batches of random ids with the corpus' lengths.

        Args:
            batch_size: pairs in a batch.
            seed: what they are drawn by.
        """
        source_lengths, target_lengths = self.lengths.draw(self.pairs, seed)
        sources = random_rows(source_lengths, self.source_vocabulary_size, seed)
        targets = random_rows(target_lengths, self.target_vocabulary_size, seed + 1)
        encoded = EncodedPairs(sources, targets, np.arange(self.pairs), dropped=0, cut=0)
        return TokenBatches(encoded, START_ID, batch_size=batch_size, seed=seed)


def random_rows(lengths: np.ndarray, vocabulary_size: int, seed: int) -> TokenRows:
    """Returns rows of random ids of given lengths, the end id included.

    Args:
        lengths: `(rows,)` int64.
        vocabulary_size: number of token ids.
        seed: what they are drawn by.
    """
    generator = np.random.default_rng(seed)
    token_ids = generator.integers(END_ID + 1, vocabulary_size, int((lengths - 1).sum()))
    return TokenRows.from_lengths(token_ids.astype(np.int32), lengths - 1).with_end(END_ID)


# Multi30k, English to German, its 29,000 training pairs under one joint SentencePiece model of
# 8,000 pieces. The 33 sources of 41 tokens and more count as 41.
MULTI30K = Reference(
    source_vocabulary_size=8000,
    target_vocabulary_size=8000,
    embedding_units=256,
    encoder_units=256,
    lengths=Lengths(
        first_source=5,
        sources=(
            *(5, 22, 108, 476, 1054, 1648, 2230, 2637, 2763, 2714, 2636, 2262, 2003, 1575, 1427),
            *(1124, 917, 768, 589, 463, 354, 274, 226, 163, 139, 90, 73, 50, 53, 33, 23, 20, 15),
            *(9, 12, 12, 33),
        ),
        first_difference=-10,
        differences=(
            *(56, 35, 51, 136, 250, 441, 914, 1674, 2907, 4252, 4727, 4102, 3165, 2160, 1533, 968),
            *(632, 344, 243, 162, 100, 67, 40, 52),
        ),
    ),
    pairs=29_000,
)

# The CMU pronouncing dictionary, letters to phones, its 110,619 training entries, and a network
# of under a million parameters.
CMUDICT = Reference(
    source_vocabulary_size=32,
    target_vocabulary_size=48,
    embedding_units=64,
    encoder_units=96,
    lengths=Lengths(
        first_source=2,
        sources=(
            *(23, 223, 1425, 5872, 13080, 19580, 20671, 17052, 12931, 8808, 5136, 2872, 1592, 695),
            *(388, 161, 71, 39),
        ),
        first_difference=-5,
        differences=(263, 1496, 7744, 27443, 43491, 28234, 1703, 135, 63, 47),
    ),
    pairs=20_000,
)
