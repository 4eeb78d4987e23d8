"""Room 3, layers: tensors -> tensors.

What comes in: token ids, vectors, masks, states. What goes out: memory and state from an encoder;
outputs, state and attention weights from a decoder. Start at `encoders/recurrent_encoder.py` and
`decoders/decoder.py`; `attention/attention.py` and `cells/recurrent_cell.py` hold the contracts of
what they are made of, and `bridges.py` joins the two. Written in `keras.ops`; only `recurrence.py`
knows the backend.
"""

from kerasseq.layers.attention import (
    ATTENTIONS,
    AdditiveAttention,
    Attention,
    ConcatAttention,
    CoverageAttention,
    DotAttention,
    GeneralAttention,
    LocationAwareAttention,
    MultiHeadAttention,
    NormalizedAdditiveAttention,
    ScaledDotAttention,
)
from kerasseq.layers.attention.distributions import (
    DISTRIBUTIONS,
    Distribution,
    LocalMWindow,
    LocalPWindow,
    Monotonic,
    Softmax,
    Sparsemax,
)
from kerasseq.layers.bridges import (
    BRIDGES,
    Bridge,
    DenseBridge,
    LastStateBridge,
    MeanBridge,
    get_bridge,
)
from kerasseq.layers.cells import CELLS, GRUCell, LSTMCell, RecurrentCell, SimpleCell
from kerasseq.layers.decoders import (
    DECODERS,
    READOUTS,
    AttentionalReadout,
    AttentionDecoder,
    Decoder,
    DeepReadout,
    Readout,
    RecurrentDecoder,
)
from kerasseq.layers.encoders import ENCODERS, RecurrentEncoder
from kerasseq.layers.token_embedding import TokenEmbedding

__all__ = [
    "ATTENTIONS",
    "BRIDGES",
    "CELLS",
    "DECODERS",
    "DISTRIBUTIONS",
    "ENCODERS",
    "READOUTS",
    "AdditiveAttention",
    "Attention",
    "AttentionDecoder",
    "AttentionalReadout",
    "Bridge",
    "ConcatAttention",
    "CoverageAttention",
    "Decoder",
    "DeepReadout",
    "DenseBridge",
    "Distribution",
    "DotAttention",
    "GRUCell",
    "GeneralAttention",
    "LSTMCell",
    "LastStateBridge",
    "LocalMWindow",
    "LocalPWindow",
    "LocationAwareAttention",
    "MeanBridge",
    "Monotonic",
    "MultiHeadAttention",
    "NormalizedAdditiveAttention",
    "Readout",
    "RecurrentCell",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "ScaledDotAttention",
    "SimpleCell",
    "Softmax",
    "Sparsemax",
    "TokenEmbedding",
    "get_bridge",
]
