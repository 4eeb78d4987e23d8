"""Room 3, layers: tensors -> tensors.

What comes in: token ids, vectors, masks, states. What goes out: memory and state from an encoder;
outputs, state and attention weights from a decoder. Start at `encoders/encoder.py` and
`decoders/decoder.py`; `attention/attention.py` and `cells/recurrent_cell.py` hold the contracts of
what they are made of, and `bridges/bridge.py` of what joins the two. Written in `keras.ops`; only
`recurrence.py` and `loop_products.py` know the backend.
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
from kerasseq.layers.attention.recording import AttentionRecord, recorded_attention
from kerasseq.layers.bridges import (
    BRIDGES,
    AttentiveBridge,
    Bridge,
    DenseBridge,
    LastStateBridge,
    MaxBridge,
    MeanBridge,
    ZeroBridge,
    get_bridge,
)
from kerasseq.layers.cells import (
    CELLS,
    GRUCell,
    KerasCell,
    LayerNormalizedGRUCell,
    LayerNormalizedLSTMCell,
    LSTMCell,
    RecurrentCell,
    ResidualCell,
    SimpleCell,
)
from kerasseq.layers.decoders import (
    DECODERS,
    READOUTS,
    WIRINGS,
    AttentionalReadout,
    AttentionDecoder,
    BahdanauWiring,
    ConditionalWiring,
    Decoder,
    DeepReadout,
    HiddenReadout,
    LuongWiring,
    Readout,
    RecurrentDecoder,
    Wiring,
)
from kerasseq.layers.encoders import ENCODERS, Encoder, PyramidalEncoder, RecurrentEncoder
from kerasseq.layers.token_embedding import TokenEmbedding
from kerasseq.layers.word_dropout import WordDropout

__all__ = [
    "ATTENTIONS",
    "BRIDGES",
    "CELLS",
    "DECODERS",
    "DISTRIBUTIONS",
    "ENCODERS",
    "READOUTS",
    "WIRINGS",
    "AdditiveAttention",
    "Attention",
    "AttentionDecoder",
    "AttentionRecord",
    "AttentionalReadout",
    "AttentiveBridge",
    "BahdanauWiring",
    "Bridge",
    "ConcatAttention",
    "ConditionalWiring",
    "CoverageAttention",
    "Decoder",
    "DeepReadout",
    "DenseBridge",
    "Distribution",
    "DotAttention",
    "Encoder",
    "GRUCell",
    "GeneralAttention",
    "HiddenReadout",
    "KerasCell",
    "LSTMCell",
    "LastStateBridge",
    "LayerNormalizedGRUCell",
    "LayerNormalizedLSTMCell",
    "LocalMWindow",
    "LocalPWindow",
    "LocationAwareAttention",
    "LuongWiring",
    "MaxBridge",
    "MeanBridge",
    "Monotonic",
    "MultiHeadAttention",
    "NormalizedAdditiveAttention",
    "PyramidalEncoder",
    "Readout",
    "RecurrentCell",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "ResidualCell",
    "ScaledDotAttention",
    "SimpleCell",
    "Softmax",
    "Sparsemax",
    "TokenEmbedding",
    "Wiring",
    "WordDropout",
    "ZeroBridge",
    "get_bridge",
    "recorded_attention",
]
