"""Distributions: scores to attention weights. Start at `distribution.py`."""

from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.layers.attention.distributions.softmax import Softmax

DISTRIBUTIONS: dict[str, type[Distribution]] = {"softmax": Softmax}

__all__ = ["DISTRIBUTIONS", "Distribution", "Softmax"]
