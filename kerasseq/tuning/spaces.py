"""The search spaces by name.

Dot scores and the bridge `last_state` are in none: they want encoder and decoder of one size, so
most trials with them would be errors.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kerasseq.tuning.parameters import Choice, Range
from kerasseq.tuning.search_space import SearchSpace

TRAINING = SearchSpace(
    {
        "training.learning_rate": Range(5e-4, 8e-3, scale="log"),
        "training.schedule": Choice(("cosine", "inverse_square_root", "constant")),
        "training.batch_tokens": Choice((256, 512, 1024)),
        "training.label_smoothing": Choice((0.0, 0.05, 0.1, 0.2)),
        "model.dropout": Range(0.1, 0.5, step=0.1),
    }
)

SMALL_DATA = SearchSpace(
    {
        "model.cell": Choice(("gru", "lstm")),
        "model.encoder_layers": Range(1, 2),
        "model.decoder_layers": Range(1, 2),
        "model.embedding_units": Choice((32, 64, 128)),
        "model.encoder_units": Choice((64, 96, 128, 192)),
        "model.decoder_units": Choice((128, 192, 256, 384)),
        "model.attention": Choice(("general", "additive", "location_aware")),
        "model.wiring": Choice(("luong", "bahdanau", "conditional")),
        "model.input_feeding": Choice((True, False), when={"model.wiring": ("luong",)}),
        "model.bridge": Choice(("dense", "mean", "attentive")),
        **TRAINING,
        "source_text.tokenizer": Choice(("character", "subword")),
        "source_text.vocabulary_size": Choice(
            (250, 500, 1000, 2000), when={"source_text.tokenizer": ("subword",)}
        ),
        "target_text.tokenizer": Choice(
            ("character", "word", "subword"), when={"share_vocabulary": (False,)}
        ),
        "target_text.vocabulary_size": Choice(
            (250, 500, 1000, 2000), when={"target_text.tokenizer": ("word", "subword")}
        ),
    }
)

FULL = (
    SMALL_DATA.widen("model.cell", ("layer_normalized_lstm", "layer_normalized_gru"))
    .widen("model.encoder_layers", maximum=4)
    .widen("model.decoder_layers", maximum=4)
    .widen("model.embedding_units", (256,))
    .widen("model.encoder_units", (256, 384))
    .widen("model.decoder_units", (512, 768))
    .widen("model.attention", ("normalized_additive", "concat", "coverage"))
    .widen("model.bridge", ("max", "zero"))
    .add("model.word_dropout", Choice((0.0, 0.05, 0.1)))
    .add("model.tie", Choice(("none", "target")))
    .widen("training.learning_rate", minimum=2e-4)
    .widen("training.schedule", ("plateau",))
    .widen("training.batch_tokens", (2048, 4096))
    .widen("source_text.vocabulary_size", (4000, 8000))
    .widen("target_text.vocabulary_size", (4000, 8000))
)

SPACES: Mapping[str, SearchSpace] = MappingProxyType(
    {"small_data": SMALL_DATA, "full": FULL, "training": TRAINING}
)
"""`small_data`: networks that thousands of pairs can train within minutes, and their tokenizers.
`full`: wider, for tens of thousands of pairs and hours. `training`: how one network learns."""
