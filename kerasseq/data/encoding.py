"""`Pairs` -> token ids, once, before the first epoch; and what happens to pairs that are long."""

import logging
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kerasseq import checks
from kerasseq.data.pairs import Pairs
from kerasseq.data.token_rows import TokenRows

if TYPE_CHECKING:
    from kerasseq.text import TextCodec

# One call of a codec costs some 100 us, whatever it encodes; a chunk bounds what a call holds.
CHUNK = 16_384

logger = logging.getLogger(__name__)


class EncodedPairs(NamedTuple):
    """The token ids of pairs, and which pairs they are."""

    sources: TokenRows
    """The tokens of each source, the end id included."""
    targets: TokenRows
    """The labels of each target: its tokens and the end id."""
    kept: np.ndarray
    """`(rows,)` int64: the number of each row's pair."""
    dropped: int
    """How many pairs were left out because they are long."""
    cut: int
    """How many pairs were shortened because they are long."""


def encode_pairs(
    pairs: Pairs,
    source_codec: "TextCodec",
    target_codec: "TextCodec",
    max_length: int | None = None,
    long_pairs: Literal["drop", "cut"] = "drop",
) -> EncodedPairs:
    """Encodes both sides of the pairs.

    Args:
        pairs: the texts.
        source_codec: encodes the sources.
        target_codec: encodes the targets.
        max_length: the limit of tokens a side, start and end ids not counted; `None` for no limit.
        long_pairs: what happens to a pair with a side over the limit, besides a warning in the
            log: `"drop"` it, or `"cut"` the side. A source that was cut ends with the end id like
            any other. A target that was cut does not: its labels are its first `max_length + 1`
            tokens, since the text does not end there.

    Raises:
        ValueError: if there is no pair, or none is left.
    """
    _check(pairs, max_length, long_pairs)
    sources = encode_texts(pairs.sources, source_codec)
    targets = encode_texts(pairs.targets, target_codec)
    long = _find_long(sources, targets, max_length, long_pairs)
    kept, dropped, cut = np.arange(len(pairs)), 0, 0
    if long_pairs == "drop" and long.any():
        kept, dropped = np.flatnonzero(~long), int(long.sum())
        sources, targets = sources.take(kept), targets.take(kept)
    elif max_length is not None and long.any():
        cut = int(long.sum())
        sources = sources.cut(max_length)
    sources = sources.with_end(source_codec.end_id)
    targets = targets.with_end(target_codec.end_id)
    if max_length is not None and cut:
        targets = targets.cut(max_length + 1)
    return EncodedPairs(sources, targets, kept, dropped, cut)


def encode_texts(texts: list[str], codec: "TextCodec") -> TokenRows:
    """Encodes texts in large chunks, without start and end ids."""
    chunks = [
        flat_rows(codec.encode(texts[first : first + CHUNK]))
        for first in range(0, len(texts), CHUNK)
    ]
    token_ids = np.concatenate([chunk.token_ids for chunk in chunks])
    return TokenRows.from_lengths(token_ids, np.concatenate([chunk.lengths for chunk in chunks]))


def flat_rows(encoded: Any) -> TokenRows:
    """Returns the rows of what a codec gives: a ragged tensor or a list of lists."""
    if not hasattr(encoded, "flat_values"):
        return TokenRows.from_lists(encoded)
    token_ids = np.asarray(encoded.flat_values, np.int32)
    return TokenRows.from_lengths(token_ids, np.asarray(encoded.row_lengths()))


def check_pairs(pairs: Pairs) -> None:
    """Raises unless these are `Pairs`, at least one."""
    if not isinstance(pairs, Pairs):
        raise TypeError(
            f"`pairs` must be a `Pairs`. Received: {type(pairs).__name__}. "
            "Use `Pairs.from_tuples` for a list of tuples."
        )
    if not len(pairs):
        raise ValueError("`pairs` must hold at least one pair. Received: none.")


def _check(pairs: Pairs, max_length: int | None, long_pairs: str) -> None:
    check_pairs(pairs)
    if max_length is not None:
        checks.check_positive_integer("max_length", max_length)
    checks.check_one_of("long_pairs", long_pairs, ("drop", "cut"))


def _find_long(
    sources: TokenRows, targets: TokenRows, max_length: int | None, long_pairs: str
) -> np.ndarray:
    """`(pairs,)` bool: which pairs are over the limit; and says so in the log."""
    if max_length is None:
        return np.zeros(len(sources), bool)
    long_sources, long_targets = sources.lengths > max_length, targets.lengths > max_length
    long = long_sources | long_targets
    if long_pairs == "drop" and long.all():
        raise ValueError(
            f"All {len(long)} pairs have a side of more than max_length={max_length} tokens. "
            'Raise `max_length`, or cut with long_pairs="cut".'
        )
    if long.any():
        logger.warning(
            "%s %d of %d pairs: more than %d tokens in the source (%d) or the target (%d). "
            "The longest text has %d.",
            "Dropped" if long_pairs == "drop" else "Cut",
            *(long.sum(), len(long), max_length, long_sources.sum(), long_targets.sum()),
            max(sources.lengths.max(), targets.lengths.max()),
        )
    return long
