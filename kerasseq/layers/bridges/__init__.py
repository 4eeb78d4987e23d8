"""Bridges: from what an encoder ended with to what a decoder starts from. Start at `bridge.py`."""

from typing import Any

from kerasseq import serialization
from kerasseq.layers.bridges.bridge import Bridge
from kerasseq.layers.bridges.dense_bridge import DenseBridge
from kerasseq.layers.bridges.last_state_bridge import LastStateBridge
from kerasseq.layers.bridges.pooling_bridges import AttentiveBridge, MaxBridge, MeanBridge
from kerasseq.layers.bridges.zero_bridge import ZeroBridge

BRIDGES: dict[str, type[Bridge]] = {
    "attentive": AttentiveBridge,
    "dense": DenseBridge,
    "last_state": LastStateBridge,
    "max": MaxBridge,
    "mean": MeanBridge,
    "zero": ZeroBridge,
}

__all__ = [
    "BRIDGES",
    "AttentiveBridge",
    "Bridge",
    "DenseBridge",
    "LastStateBridge",
    "MaxBridge",
    "MeanBridge",
    "ZeroBridge",
    "get_bridge",
]


def get_bridge(identifier: Any, units: int, cell: Any, num_layers: int) -> Bridge:
    """Returns a bridge to a decoder, by name, config or object.

    Args:
        identifier: name, config or object.
        units: size of the decoder's cells.
        cell: the decoder's cell.
        num_layers: the decoder's layers.
    """
    return serialization.get(
        BRIDGES, identifier, "bridge", units=units, cell=cell, num_layers=num_layers
    )
