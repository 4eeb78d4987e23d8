"""Distributions: scores to attention weights. Start at `distribution.py`."""

from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.layers.attention.distributions.local_m_window import LocalMWindow
from kerasseq.layers.attention.distributions.local_p_window import LocalPWindow
from kerasseq.layers.attention.distributions.monotonic import Monotonic
from kerasseq.layers.attention.distributions.softmax import Softmax
from kerasseq.layers.attention.distributions.sparsemax import Sparsemax

DISTRIBUTIONS: dict[str, type[Distribution]] = {
    "local_m": LocalMWindow,
    "local_p": LocalPWindow,
    "monotonic": Monotonic,
    "softmax": Softmax,
    "sparsemax": Sparsemax,
}

__all__ = [
    "DISTRIBUTIONS",
    "Distribution",
    "LocalMWindow",
    "LocalPWindow",
    "Monotonic",
    "Softmax",
    "Sparsemax",
]
