"""Attention: a query looks up memory. Start at `attention.py`; scores are siblings of it, the
ways from scores to weights are in `distributions/`."""

from typing import Any

from kerasseq import serialization
from kerasseq.layers.attention.additive_attention import AdditiveAttention
from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.attention.concat_attention import ConcatAttention
from kerasseq.layers.attention.coverage_attention import CoverageAttention
from kerasseq.layers.attention.dot_attention import DotAttention
from kerasseq.layers.attention.general_attention import GeneralAttention
from kerasseq.layers.attention.location_aware_attention import LocationAwareAttention
from kerasseq.layers.attention.multi_head_attention import MultiHeadAttention
from kerasseq.layers.attention.normalized_additive_attention import NormalizedAdditiveAttention
from kerasseq.layers.attention.scaled_dot_attention import ScaledDotAttention

ATTENTIONS: dict[str, type[Attention]] = {
    "additive": AdditiveAttention,
    "concat": ConcatAttention,
    "coverage": CoverageAttention,
    "dot": DotAttention,
    "general": GeneralAttention,
    "location_aware": LocationAwareAttention,
    "multi_head": MultiHeadAttention,
    "normalized_additive": NormalizedAdditiveAttention,
    "scaled_dot": ScaledDotAttention,
}

__all__ = [
    "ATTENTIONS",
    "AdditiveAttention",
    "Attention",
    "ConcatAttention",
    "CoverageAttention",
    "DotAttention",
    "GeneralAttention",
    "LocationAwareAttention",
    "MultiHeadAttention",
    "NormalizedAdditiveAttention",
    "ScaledDotAttention",
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
