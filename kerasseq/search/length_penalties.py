"""By what a summed log probability is divided before hypotheses of unlike length are compared.

Without one, every further token costs probability and short hypotheses win. Lengths count tokens
with the end, so they are at least 1. A penalty is monotone in the length: the search relies on
that to know what a live beam can still reach.
"""

import abc
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.typing import Tensor


class LengthPenalty(abc.ABC):
    """The contract: from lengths to positive divisors, growing or falling with the length."""

    @abc.abstractmethod
    def __call__(self, lengths: Tensor) -> Tensor:
        """Returns the float32 divisors of integer `lengths`, in the same shape."""

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LengthPenalty":
        """Returns the penalty of a config."""
        return cls(**config)


@register
class GNMTLengthPenalty(LengthPenalty):
    """`((5 + length) / 6) ** alpha`: the default, gentle on short outputs.

    Args:
        alpha: how much length is favoured; 0 is no penalty, 0.6 to 1 are usual.

    Example:

    >>> keras.ops.convert_to_numpy(GNMTLengthPenalty(alpha=1.0)([1, 7])).tolist()
    [1.0, 2.0]

    Reference:
        Wu et al. 2016, "Google's Neural Machine Translation System", equation 14.
    """

    def __init__(self, alpha: float = 0.6) -> None:
        checks.check_number("alpha", alpha)
        self.alpha = alpha

    def __call__(self, lengths: Tensor) -> Tensor:
        return ((5.0 + ops.cast(lengths, "float32")) / 6.0) ** self.alpha

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@register
class PowerLengthPenalty(LengthPenalty):
    """`length ** alpha`: between the sum (0) and the mean (1), and beyond it.

    Args:
        alpha: how much length is favoured.

    Reference:
        Jean et al. 2015, "Montreal Neural Machine Translation Systems for WMT'15", divide by the
        length; the power is fairseq's `lenpen`.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        checks.check_number("alpha", alpha)
        self.alpha = alpha

    def __call__(self, lengths: Tensor) -> Tensor:
        return ops.cast(lengths, "float32") ** self.alpha

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@register
class MeanLengthPenalty(LengthPenalty):
    """`length`: hypotheses compete by their mean log probability a token."""

    def __call__(self, lengths: Tensor) -> Tensor:
        return ops.cast(lengths, "float32")


@register
class NoLengthPenalty(LengthPenalty):
    """1: hypotheses compete by their probability, so the shorter ones tend to win."""

    def __call__(self, lengths: Tensor) -> Tensor:
        return ops.ones_like(lengths, dtype="float32")


LENGTH_PENALTIES: dict[str, type[LengthPenalty]] = {
    "gnmt": GNMTLengthPenalty,
    "power": PowerLengthPenalty,
    "mean": MeanLengthPenalty,
    "none": NoLengthPenalty,
}
