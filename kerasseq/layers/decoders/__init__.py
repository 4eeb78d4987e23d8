"""Decoders: the embedded target and the memory to outputs. Start at `decoder.py`."""

from kerasseq.layers.decoders.attention_decoder import AttentionDecoder
from kerasseq.layers.decoders.decoder import Decoder
from kerasseq.layers.decoders.readouts import (
    READOUTS,
    AttentionalReadout,
    DeepReadout,
    HiddenReadout,
    Readout,
)
from kerasseq.layers.decoders.recurrent_decoder import RecurrentDecoder
from kerasseq.layers.decoders.wirings import (
    WIRINGS,
    BahdanauWiring,
    ConditionalWiring,
    LuongWiring,
    Wiring,
)

DECODERS: dict[str, type[Decoder]] = {
    "attention": AttentionDecoder,
    "recurrent": RecurrentDecoder,
}

__all__ = [
    "DECODERS",
    "READOUTS",
    "WIRINGS",
    "AttentionDecoder",
    "AttentionalReadout",
    "BahdanauWiring",
    "ConditionalWiring",
    "Decoder",
    "DeepReadout",
    "HiddenReadout",
    "LuongWiring",
    "Readout",
    "RecurrentDecoder",
    "Wiring",
]
