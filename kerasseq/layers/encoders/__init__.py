"""Encoders: the embedded source to memory and state. Start at `recurrent_encoder.py`."""

from kerasseq.layers.encoders.recurrent_encoder import RecurrentEncoder

ENCODERS: dict[str, type] = {"recurrent": RecurrentEncoder}

__all__ = ["ENCODERS", "RecurrentEncoder"]
