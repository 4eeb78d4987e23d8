"""A corpus -> the bytes of a unigram SentencePiece model, in memory."""

import collections
import io
import itertools
import logging
from collections.abc import Sequence
from typing import Any

from kerasseq import checks
from kerasseq.text.special_ids import END_ID, PAD_ID, SPECIAL_TOKENS, START_ID, UNKNOWN_ID

# A quarter of so many is the four special tokens.
_SMALLEST_VOCABULARY = 16
# The trainer drops every text that holds the one, and takes the other for a gap in the text.
_DROPS_THE_TEXT = "\N{LOWER FIVE EIGHTHS BLOCK}"
_GAP = "\0"

_logger = logging.getLogger(__name__)


def train_unigram(
    texts: Sequence[str], vocabulary_size: int, character_coverage: float | None
) -> bytes:
    """Returns a trained model: the same texts and arguments give the same bytes.

    A corpus too small for `vocabulary_size` gives a smaller vocabulary. Three characters are never
    in it, as SentencePiece keeps them to itself: the null, U+001F and U+2585.

    Args:
        texts: normalised, white space collapsed; at least one that is not empty.
        vocabulary_size: the most pieces there may be, special tokens included.
        character_coverage: the share of the corpus that the characters in the vocabulary make up
            at least; `None` takes all characters, or as many of the most frequent ones as fill
            three quarters of the vocabulary.

    Raises:
        ValueError: if the characters to cover do not fit into the vocabulary.
    """
    checks.check_integer("vocabulary_size", vocabulary_size, minimum=_SMALLEST_VOCABULARY)
    texts = [text for text in texts if text]
    counts: collections.Counter[str] = collections.Counter()
    for text in texts:
        counts.update(text)
    del counts[" "]  # in every vocabulary: the trainer puts one before each text
    ranked = sorted(counts, key=lambda character: (-counts[character], character))
    if character_coverage is None:
        kept = min(len(ranked), vocabulary_size * 3 // 4 - 1)
    else:
        kept = _how_many(ranked, counts, character_coverage)
        _check_fit(kept, vocabulary_size, character_coverage)
    left_out = {*ranked[kept:], _DROPS_THE_TEXT}
    gaps = str.maketrans(dict.fromkeys(left_out, _GAP))
    _logger.info("%d of %d characters of the corpus are pieces.", kept, len(ranked))
    return _train([_broken_up(text.translate(gaps)) for text in texts], vocabulary_size)


def _broken_up(text: str) -> str:
    """Returns a text in which no special token stands in one piece.

    The trainer cuts its own pieces out of a text, and would not see the characters of one.
    """
    for token in SPECIAL_TOKENS:
        text = text.replace(token, f"{token[0]}{_GAP}{token[1:]}")
    return text


def _how_many(ranked: Sequence[str], counts: dict[str, int], coverage: float) -> int:
    """Returns how many of the most frequent characters make up that share of the corpus."""
    covered = list(itertools.accumulate(counts[character] for character in ranked))
    return next((i for i, count in enumerate(covered, 1) if count >= coverage * covered[-1]), 0)


def _check_fit(characters: int, vocabulary_size: int, character_coverage: float) -> None:
    needed = characters + 1 + len(SPECIAL_TOKENS)
    if needed > vocabulary_size:
        raise ValueError(
            f"`vocabulary_size` must be at least {needed}: {characters} characters to cover at "
            f"character_coverage={character_coverage}, the space and {len(SPECIAL_TOKENS)} special "
            f"tokens. Received: {vocabulary_size}. Raise it, or leave out `character_coverage`, "
            "which then takes the most frequent characters that fit."
        )


def _train(texts: Sequence[str], vocabulary_size: int) -> bytes:
    import sentencepiece  # late: a codec that is only used needs no trainer

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="unigram",
        vocab_size=vocabulary_size,
        hard_vocab_limit=False,  # a small corpus is no error
        character_coverage=1.0,  # what is to be left out is a gap by now
        normalization_rule_name="identity",  # our own normaliser has been here
        max_sentence_length=10 + max(len(text.encode()) for text in texts),  # drop none
        num_threads=1,  # the sums of several threads round differently
        minloglevel=2,
        **_special_ids(),
    )
    return model.getvalue()


def _special_ids() -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, token_id in (
        ("pad", PAD_ID),
        ("unk", UNKNOWN_ID),
        ("bos", START_ID),
        ("eos", END_ID),
    ):
        arguments[f"{name}_id"] = token_id
        arguments[f"{name}_piece"] = SPECIAL_TOKENS[token_id]
    return arguments
