"""Attention: a query looks up memory. Start at `attention.py`; scores are siblings of it, the
ways from scores to weights are in `distributions/`."""

from typing import Any

from kerasseq import serialization
from kerasseq.layers.attention.additive_attention import AdditiveAttention
from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.attention.dot_attention import DotAttention
from kerasseq.layers.attention.general_attention import GeneralAttention

ATTENTIONS: dict[str, type[Attention]] = {
    "additive": AdditiveAttention,
    "dot": DotAttention,
    "general": GeneralAttention,
}

__all__ = [
    "ATTENTIONS",
    "AdditiveAttention",
    "Attention",
    "DotAttention",
    "GeneralAttention",
    "get_attention",
]


def get_attention(identifier: Any, units: int, **arguments: Any) -> Attention:
    """Returns an attention by name, config or object; see `kerasseq.serialization.get`.

    Args:
        identifier: name, config or object.
        units: size of the hidden layer, for the scores that have one and whose config does not
            say it.
        **arguments: further arguments of the constructor.
    """
    name = identifier.get("name") if isinstance(identifier, dict) else identifier
    if isinstance(name, str) and name in ATTENTIONS and ATTENTIONS[name].has_units:
        arguments = {"units": units, **arguments}
    return serialization.get(ATTENTIONS, identifier, "attention", **arguments)
