"""How long an output may be and must be, absolutely and relative to its source."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.typing import Tensor

ROUNDING = 1e-3  # 1.1 * 10 is 11, though float32 says 11.0000002


class Limits(NamedTuple):
    """Each source's own limits, in tokens with the end.

    Attributes:
        min_lengths: `(batch,)` int32; None if nothing is demanded, so that nothing is checked.
        max_lengths: `(batch,)` int32.
    """

    min_lengths: Tensor | None
    max_lengths: Tensor


@register
class LengthLimits:
    """The rule from source lengths to output lengths; all lengths count the end token.

    The maximum is `max_ratio * source_length + margin`, but never above `max_length`; the
    minimum the larger of `min_length` and `min_ratio * source_length`, but never above the
    maximum. A row's limits depend on its own source only, so its answer does too.

    Args:
        min_length: at least so many tokens; 1, the end alone, is no demand.
        max_length: at most so many; None leaves it to `max_ratio`.
        min_ratio: at least so many tokens a source token; 0 is no demand.
        max_ratio: at most so many tokens a source token, plus `margin`; None leaves it to
            `max_length`.
        margin: what short sources may use above `max_ratio`.

    Raises:
        ValueError: if neither `max_length` nor `max_ratio` bounds the output.

    Example:

    >>> limits = LengthLimits(min_ratio=0.5, max_ratio=2.0, margin=10, max_length=50)
    >>> [keras.ops.convert_to_numpy(lengths).tolist() for lengths in limits([4, 30])]
    [[2, 15], [18, 50]]
    """

    def __init__(
        self,
        min_length: int = 1,
        max_length: int | None = 256,
        min_ratio: float = 0.0,
        max_ratio: float | None = 2.0,
        margin: int = 10,
    ) -> None:
        checks.check_positive_integer("min_length", min_length)
        checks.check_number("min_ratio", min_ratio, minimum=0)
        checks.check_integer("margin", margin, minimum=0)
        if max_length is not None:
            checks.check_positive_integer("max_length", max_length)
            _check_order("length", min_length, max_length)
        if max_ratio is not None:
            checks.check_number("max_ratio", max_ratio, minimum=0)
            _check_order("ratio", min_ratio, max_ratio)
        elif max_length is None:
            raise ValueError(
                "One of `max_length` and `max_ratio` must bound the output. Received: both None."
            )
        self.min_length = int(min_length)
        self.max_length = None if max_length is None else int(max_length)
        self.min_ratio = min_ratio
        self.max_ratio = max_ratio
        self.margin = int(margin)

    @property
    def demands_length(self) -> bool:
        """Whether an output can be too short."""
        return self.min_length > 1 or self.min_ratio > 0

    def __call__(self, source_lengths: Tensor) -> Limits:
        """Returns each row's limits.

        Args:
            source_lengths: `(batch,)` integer, the source tokens as the caller counts them.
        """
        lengths = ops.cast(source_lengths, "float32")
        upper = math.inf if self.max_length is None else float(self.max_length)
        maxima = ops.full_like(lengths, min(upper, 2.0**30))
        if self.max_ratio is not None:
            maxima = ops.minimum(
                maxima, ops.floor(self.max_ratio * lengths + ROUNDING) + self.margin
            )
        maxima = ops.maximum(maxima, 1.0)
        if not self.demands_length:
            return Limits(None, ops.cast(maxima, "int32"))
        minima = ops.maximum(ops.ceil(self.min_ratio * lengths - ROUNDING), float(self.min_length))
        minima = ops.minimum(minima, maxima)
        return Limits(ops.cast(minima, "int32"), ops.cast(maxima, "int32"))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {
            "min_length": self.min_length,
            "max_length": self.max_length,
            "min_ratio": self.min_ratio,
            "max_ratio": self.max_ratio,
            "margin": self.margin,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "LengthLimits":
        """Returns the rule of a config."""
        return cls(**config)


def _check_order(what: str, minimum: float, maximum: float) -> None:
    if minimum > maximum:
        raise ValueError(
            f"`min_{what}` must be at most `max_{what}`. Received: {minimum} and {maximum}."
        )
