"""What to know about a corpus before training on it."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasseq import checks
from kerasseq.data.encoding import check_pairs, encode_texts
from kerasseq.data.pairs import Pairs

if TYPE_CHECKING:
    from kerasseq.text import TextCodec


@dataclasses.dataclass(frozen=True)
class SideReport:
    """One side of a corpus. Lengths are in tokens, start and end ids not counted."""

    tokens: int
    """The tokens of all texts."""
    mean_length: float
    """The mean length of a text."""
    p95_length: int
    """The length that 95 % of the texts do not exceed."""
    max_length: int
    """The length of the longest text."""
    unknown_rate: float
    """The share of tokens that the codec's vocabulary does not have."""
    distinct: int
    """The number of different texts."""
    empty: int
    """The number of texts without a token."""


@dataclasses.dataclass(frozen=True)
class PairsReport:
    """A corpus as codecs see it; printed, a small table."""

    pairs: int
    """The number of pairs."""
    duplicates: int
    """How many pairs stand there already, with the same source and target."""
    limit: int | None
    """The `max_length` that was asked about."""
    over_limit: int
    """The number of pairs with a side over the limit."""
    source: SideReport
    """The sources."""
    target: SideReport
    """The targets."""

    def as_dict(self) -> dict[str, Any]:
        """Returns the report as plain numbers in nested dictionaries, as JSON wants it."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        lines = [
            f"{self.pairs:,} pairs, {self.duplicates:,} of them duplicates",
            f"{'':8}{'mean':>8}{'p95':>6}{'max':>6}{'tokens':>12}{'unknown':>10}{'empty':>8}",
            _side_line("source", self.source),
            _side_line("target", self.target),
        ]
        if self.limit is not None:
            share = self.over_limit / self.pairs
            lines.append(f"{self.over_limit:,} ({share:.2%}) longer than {self.limit} tokens")
        return "\n".join(lines)


def report_pairs(
    pairs: Pairs,
    source_codec: "TextCodec",
    target_codec: "TextCodec",
    max_length: int | None = None,
) -> PairsReport:
    """Measures a corpus: lengths, duplicates, unknown tokens.

    Look at it before training: a share of unknown tokens above a percent asks for another
    vocabulary, a longest text far above the rest for `max_length`.

    Args:
        pairs: the texts; of several references the first counts.
        source_codec: encodes the sources.
        target_codec: encodes the targets.
        max_length: a limit of tokens a side, to count the pairs above it.

    Raises:
        TypeError: if these are no `Pairs`.
        ValueError: if there is no pair.
    """
    check_pairs(pairs)
    if max_length is not None:
        checks.check_positive_integer("max_length", max_length)
    source, source_lengths = _report_side(pairs.sources, source_codec)
    target, target_lengths = _report_side(pairs.targets, target_codec)
    longer = np.maximum(source_lengths, target_lengths)
    return PairsReport(
        pairs=len(pairs),
        duplicates=len(pairs) - len(set(pairs)),
        limit=max_length,
        over_limit=0 if max_length is None else int((longer > max_length).sum()),
        source=source,
        target=target,
    )


def _report_side(texts: list[str], codec: "TextCodec") -> tuple[SideReport, np.ndarray]:
    rows = encode_texts(texts, codec)
    tokens = len(rows.token_ids)
    unknown = int((rows.token_ids == codec.unknown_id).sum())
    report = SideReport(
        tokens=tokens,
        mean_length=float(rows.lengths.mean()),
        p95_length=int(np.percentile(rows.lengths, 95, method="inverted_cdf")),
        max_length=int(rows.lengths.max()),
        unknown_rate=unknown / max(tokens, 1),
        distinct=len(set(texts)),
        empty=int((rows.lengths == 0).sum()),
    )
    return report, rows.lengths


def _side_line(name: str, side: SideReport) -> str:
    return (
        f"{name:8}{side.mean_length:8.1f}{side.p95_length:6}{side.max_length:6}"
        f"{side.tokens:12,}{side.unknown_rate:10.2%}{side.empty:8,}"
    )
