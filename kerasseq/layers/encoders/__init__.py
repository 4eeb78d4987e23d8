"""Encoders: the embedded source to memory and state. Start at `encoder.py`."""

from kerasseq.layers.encoders.encoder import Encoder
from kerasseq.layers.encoders.pyramidal_encoder import PyramidalEncoder
from kerasseq.layers.encoders.recurrent_encoder import RecurrentEncoder

ENCODERS: dict[str, type[Encoder]] = {
    "pyramidal": PyramidalEncoder,
    "recurrent": RecurrentEncoder,
}

__all__ = ["ENCODERS", "Encoder", "PyramidalEncoder", "RecurrentEncoder"]
