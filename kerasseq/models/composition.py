"""Composes the graph of a named network from its options."""

from collections.abc import Collection, Mapping
from typing import Any

import keras
from keras import ops

from kerasseq import checks, layers, serialization
from kerasseq.models.graph import mask_of
from kerasseq.typing import State, Tensor

Options = Mapping[str, Any]

TIES = ("none", "target", "three_way")

# Options that not every member of a family takes, by who does; the layers' own words.
ENCODER_OPTIONS: dict[str, tuple[str, ...]] = {"pyramidal": (), "recurrent": ("reverse_source",)}
DECODER_OPTIONS: dict[str, tuple[str, ...]] = {
    "attention": (
        *("attention", "attention_units", "attention_layer", "wiring", "input_feeding"),
        "doubly_stochastic",
    ),
    "recurrent": ("context",),
}


def compose(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    options: Options,
    explicit: Collection[str] = (),
) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Returns `((source_ids, target_ids), logits)`, symbolic.

    Args:
        source_vocabulary_size: number of source token ids.
        target_vocabulary_size: number of target token ids.
        options: a value for every key of `DEFAULTS`.
        explicit: the options that a user has given, and that must have a meaning.

    Raises:
        ValueError: if an option is out of range, or has no meaning beside the others.
    """
    checks.check_one_of("tie", options["tie"], TIES)
    _check_meaning("encoder", options["encoder"], ENCODER_OPTIONS, explicit)
    _check_meaning("decoder", options["decoder"], DECODER_OPTIONS, explicit)
    if "residual_from" in explicit:
        _check_residual_from(options)
    if options["tie"] == "three_way" and source_vocabulary_size != target_vocabulary_size:
        raise ValueError(
            "`tie='three_way'` needs one vocabulary for source and target. Received: "
            f"{source_vocabulary_size} source ids, {target_vocabulary_size} target ids. "
            "Use `tie='target'`."
        )
    # The order in which layers are made decides what each draws: keep it, for runs to be repeated.
    source_ids = keras.Input((None,), dtype="int32", name="source_ids")
    target_ids = keras.Input((None,), dtype="int32", name="target_ids")
    embed_source = _make_embedding("source", source_vocabulary_size, options)
    memory, memory_mask, state = _encode(source_ids, embed_source, options)
    embed_target = embed_source
    if options["tie"] != "three_way":
        embed_target = _make_embedding("target", target_vocabulary_size, options)
    embedded = embed_target(_drop_words(target_ids, "target_word_dropout", options))
    embedded = keras.layers.Dropout(options["dropout"], name="target_dropout")(embedded)
    decoder = _make_decoder(options)
    outputs, _, _ = decoder(embedded, memory, state, memory_mask=memory_mask)
    if options["tie"] == "none":
        logits = keras.layers.Dense(target_vocabulary_size, name="logits")(outputs)
    else:
        logits = _tied_logits(outputs, embed_target)
    return (source_ids, target_ids), logits


def _tied_logits(outputs: Tensor, embedding: layers.TokenEmbedding) -> Tensor:
    if outputs.shape[-1] != embedding.units:
        outputs = keras.layers.Dense(embedding.units, name="projection")(outputs)
    return embedding(outputs, reverse=True)


def _make_embedding(side: str, vocabulary_size: int, options: Options) -> layers.TokenEmbedding:
    tie = options["tie"]
    return layers.TokenEmbedding(
        vocabulary_size,
        options["embedding_units"],
        tied=tie == "three_way" or (tie == "target" and side == "target"),
        name="embedding" if tie == "three_way" else f"{side}_embedding",
    )


def _drop_words(token_ids: Tensor, name: str, options: Options) -> Tensor:
    checks.check_rate("word_dropout", options["word_dropout"])
    if options["word_dropout"] == 0:
        return token_ids
    return layers.WordDropout(options["word_dropout"], name=name)(token_ids)


def _encode(
    source_ids: Tensor, embed: layers.TokenEmbedding, options: Options
) -> tuple[Tensor, Tensor | None, State]:
    """The memory, its mask if Keras does not know it, and what the decoder starts from."""
    checks.check_boolean("reverse_source", options["reverse_source"])
    order = _reversed_order(source_ids) if options["reverse_source"] else None
    token_ids = _drop_words(source_ids, "source_word_dropout", options)
    if order is not None:
        token_ids = ops.take_along_axis(token_ids, order, axis=1)
    encoder = _make_encoder(options)
    memory, state = encoder(embed(token_ids))
    bridge = _make_bridge(options)
    _check_direction(bridge, encoder)
    state = bridge(state, memory)
    if order is None:
        return memory, None, state
    # The order is its own inverse, and leaves padding where it is.
    mask = mask_of(memory)
    memory = ops.take_along_axis(memory, ops.expand_dims(order, -1), axis=1)
    return memory, mask, state


def _reversed_order(source_ids: Tensor) -> Tensor:
    """Positions from the last word to the first, the end and the padding in their places."""
    real = ops.cast(ops.not_equal(source_ids, 0), "int32")
    positions = ops.cumsum(ops.ones_like(real), axis=1) - 1  # (batch, source_length)
    last = ops.sum(real, axis=1, keepdims=True) - 1  # of the end
    return ops.where(positions < last, last - 1 - positions, positions)


def _make_encoder(options: Options) -> layers.Encoder:
    arguments = {
        "units": options["encoder_units"],
        "cell": options["cell"],
        "num_layers": options["encoder_layers"],
        "bidirectional": options["bidirectional"],
        "input_dropout": options["dropout"],
        "dropout": options["dropout"],
        "recurrent_dropout": options["recurrent_dropout"],
        "name": "encoder",
    }
    if _name_of(options["encoder"]) == "recurrent":
        arguments["residual_from"] = _residual_from(options, options["encoder_layers"])
    return serialization.get(layers.ENCODERS, options["encoder"], "encoder", **arguments)


def _make_bridge(options: Options) -> layers.Bridge:
    arguments = {
        "units": options["decoder_units"],
        "cell": options["cell"],
        "num_layers": options["decoder_layers"],
        "name": "bridge",
    }
    if _name_of(options["decoder"]) == "recurrent" and options["context"] != "initial_state":
        # The decoder reads one vector, as the state of one simple cell is.
        arguments |= {"cell": "simple", "num_layers": 1}
    return serialization.get(layers.BRIDGES, options["bridge"], "bridge", **arguments)


def _make_decoder(options: Options) -> layers.Decoder:
    arguments = {
        "units": options["decoder_units"],
        "cell": options["cell"],
        "num_layers": options["decoder_layers"],
        "dropout": options["dropout"],
        "recurrent_dropout": options["recurrent_dropout"],
        "residual_from": _residual_from(options, options["decoder_layers"]),
        "readout_units": options["readout_units"],
        "name": "decoder",
    }
    if options["readout"] is not None:
        arguments["readout"] = options["readout"]
    for option in DECODER_OPTIONS.get(_name_of(options["decoder"]), ()):
        arguments[option] = options[option]
    return serialization.get(layers.DECODERS, options["decoder"], "decoder", **arguments)


def _residual_from(options: Options, num_layers: int) -> int | None:
    """The first residual layer, if there are so many."""
    first = options["residual_from"]
    return first if first is not None and first < num_layers else None


def _check_residual_from(options: Options) -> None:
    """Raises if neither side has a layer that could be residual."""
    depths = [options["decoder_layers"]]
    if _name_of(options["encoder"]) == "recurrent":
        depths.append(options["encoder_layers"])
    first = options["residual_from"]
    if first is not None and all(_residual_from(options, depth) is None for depth in depths):
        raise ValueError(
            "`residual_from` must be a layer of encoder or decoder, counted from 0, and so below "
            f"{max(depths)}. Received: {first}. Leave it out, or use more layers."
        )


def _check_direction(bridge: layers.Bridge, encoder: layers.Encoder) -> None:
    """Raises if one half is to be read of a state that has none, or not in every layer."""
    direction = getattr(bridge, "direction", "both")
    ways = getattr(encoder, "bidirectional", True)
    if direction != "both" and ways is not True:
        raise ValueError(
            f"A bridge with `direction={direction!r}` needs an encoder that reads both ways in "
            f"every layer. Received: `bidirectional={ways!r}`. Use `bidirectional=True`, or "
            "another bridge, such as `bridge='dense'`."
        )


def _check_meaning(
    family: str,
    identifier: Any,
    by_member: Mapping[str, Collection[str]],
    explicit: Collection[str],
) -> None:
    """Raises if an option was given that only other members of a family take."""
    name = _name_of(identifier)
    if name not in by_member:
        return
    others = {option for options in by_member.values() for option in options}
    for option in sorted((others - set(by_member[name])) & set(explicit)):
        takers = " or ".join(repr(each) for each in by_member if option in by_member[each])
        raise ValueError(
            f"`{option}` has no meaning with `{family}={name!r}`. Leave it out, or use "
            f"`{family}={takers}`."
        )


def _name_of(identifier: Any) -> str:
    """The name in a name or plain config; empty for an object or a serialized one."""
    name = identifier.get("name") if isinstance(identifier, Mapping) else identifier
    return name if isinstance(name, str) else ""
