"""Networks by name: the landmarks of the field, each with the options that make it.

`build` composes the same layers that a user composes by hand.
"""

from typing import Any

import keras

from kerasseq import checks, layers, serialization
from kerasseq.models.sequence_to_sequence import SequenceToSequence
from kerasseq.typing import State, Tensor

DEFAULTS: dict[str, Any] = {
    "embedding_units": 256,
    "encoder": "recurrent",
    "encoder_units": 256,
    "encoder_layers": 1,
    "bidirectional": True,
    "cell": "lstm",
    "bridge": "dense",
    "decoder": "attention",
    "decoder_units": 512,
    "decoder_layers": 1,
    "context": "initial_state",
    "attention": "general",
    "attention_units": None,
    "wiring": "luong",
    "input_feeding": False,
    "readout": "attentional",
    "readout_units": None,
    "residual_from": None,
    "dropout": 0.2,
    "recurrent_dropout": 0.0,
}

CATALOGUE: dict[str, dict[str, Any]] = {
    "luong_2015": {"input_feeding": True},
    "bahdanau_2015": {
        "cell": "gru",
        "attention": "additive",
        "wiring": "bahdanau",
        "readout": "deep",
    },
    "cho_2014": {
        "cell": "gru",
        "bidirectional": False,
        "decoder": "recurrent",
        "context": "both",
    },
    "sutskever_2014": {
        "encoder_units": 512,
        "encoder_layers": 4,
        "decoder_layers": 4,
        "bidirectional": False,
        "bridge": "last_state",
        "decoder": "recurrent",
    },
}


def build(
    name: str, source_vocabulary_size: int, target_vocabulary_size: int, **options: Any
) -> SequenceToSequence:
    """Builds a network of the catalogue.

    Args:
        name: `"luong_2015"`, `"bahdanau_2015"`, `"cho_2014"` or `"sutskever_2014"`.
        source_vocabulary_size: number of source token ids.
        target_vocabulary_size: number of target token ids.
        **options: what differs from the named network; see `DEFAULTS` for the names.

    Raises:
        ValueError: if no network has that name.
        TypeError: if an option is unknown.

    Example:

    >>> network = build("luong_2015", 20, 30, encoder_units=8, decoder_units=8, embedding_units=8)
    >>> network.vocabulary_size
    30

    Reference:
        Luong et al. 2015; Bahdanau et al. 2015; Cho et al. 2014; Sutskever et al. 2014.
    """
    checks.check_one_of("name", name, tuple(CATALOGUE))
    unknown = set(options) - set(DEFAULTS)
    if unknown:
        raise TypeError(
            f"`build` takes the options {', '.join(sorted(DEFAULTS))}. "
            f"Received: {', '.join(sorted(unknown))}."
        )
    chosen = {**DEFAULTS, **CATALOGUE[name], **options}
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    memory, state = _encode(source_ids, source_vocabulary_size, chosen)
    outputs = _decode(target_ids, target_vocabulary_size, memory, state, chosen)
    logits = keras.layers.Dense(target_vocabulary_size, name="logits")(outputs)
    return SequenceToSequence(source_ids, target_ids, logits, name=name)


def _encode(source_ids: Tensor, size: int, options: dict[str, Any]) -> tuple[Tensor, State]:
    """The source's memory, and the decoder's first state."""
    embedded = layers.TokenEmbedding(size, options["embedding_units"], name="source_embedding")(
        source_ids
    )
    encoder = serialization.get(
        layers.ENCODERS,
        options["encoder"],
        "encoder",
        units=options["encoder_units"],
        cell=options["cell"],
        num_layers=options["encoder_layers"],
        bidirectional=options["bidirectional"],
        input_dropout=options["dropout"],
        dropout=options["dropout"],
        recurrent_dropout=options["recurrent_dropout"],
        residual_from=options["residual_from"],
        name="encoder",
    )
    memory, state = encoder(embedded)
    bridge = layers.get_bridge(
        options["bridge"],
        units=options["decoder_units"],
        cell=options["cell"],
        num_layers=options["decoder_layers"],
    )
    return memory, bridge(state, memory)


def _decode(
    target_ids: Tensor, size: int, memory: Tensor, state: State, options: dict[str, Any]
) -> Tensor:
    """The decoder's outputs."""
    embedded = layers.TokenEmbedding(size, options["embedding_units"], name="target_embedding")(
        target_ids
    )
    embedded = keras.layers.Dropout(options["dropout"], name="target_dropout")(embedded)
    arguments = {
        "units": options["decoder_units"],
        "cell": options["cell"],
        "num_layers": options["decoder_layers"],
        "dropout": options["dropout"],
        "recurrent_dropout": options["recurrent_dropout"],
        "residual_from": options["residual_from"],
        "name": "decoder",
    }
    names = {
        "attention": (
            *("attention", "attention_units", "wiring", "input_feeding"),
            *("readout", "readout_units"),
        ),
        "recurrent": ("context",),
    }
    if options["decoder"] in names:
        arguments |= {name: options[name] for name in names[options["decoder"]]}
    decoder = serialization.get(layers.DECODERS, options["decoder"], "decoder", **arguments)
    outputs, _, _ = decoder(embedded, memory, state)
    return outputs
