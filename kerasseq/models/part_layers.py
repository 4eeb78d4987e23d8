"""The layers of a network by the part they play, whatever their names."""

from typing import Any, NamedTuple

import keras

from kerasseq import layers
from kerasseq.models.graph import made_by
from kerasseq.models.parts import Parts

EMBEDDINGS = (layers.TokenEmbedding, keras.layers.Embedding)


class VocabularyWeight(NamedTuple):
    """A weight with a row, or a column, for each token.

    Attributes:
        layer: the layer that has it.
        variable: the weight.
        axis: the axis of the tokens.
        sides: whose tokens they are: `"source"`, `"target"`, or both if it is tied.
    """

    layer: Any
    variable: keras.Variable
    axis: int
    sides: frozenset[str]


def layers_by_part(parts: Parts) -> dict[str, list[Any]]:
    """Returns the layers with weights of each part of a network; parts without any are left out.

    Args:
        parts: the parts of the network.
    """
    source, target = _with_weights(parts.source), _with_weights(parts.target)
    found = {
        "source_embedding": [layer for layer in source if isinstance(layer, EMBEDDINGS)],
        "target_embedding": [layer for layer in target if isinstance(layer, EMBEDDINGS)],
        "encoder": [layer for layer in source if isinstance(layer, layers.Encoder)],
        "bridge": [layer for layer in source if isinstance(layer, layers.Bridge)],
        "decoder": [parts.decoder],
        "output": [] if parts.head is None else _with_weights(parts.head),
    }
    return {part: members for part, members in found.items() if members}


def vocabulary_weights(parts: Parts, logits: Any) -> list[VocabularyWeight]:
    """Returns the weights that have a row or a column for each token.

    Args:
        parts: the parts of the network.
        logits: its output.

    Raises:
        ValueError: if the logits are made by a layer of another kind than `Dense` and
            `TokenEmbedding`, or nothing embeds the tokens.
    """
    by_part = layers_by_part(parts)
    output = made_by(logits)
    if not isinstance(output, keras.layers.Dense | layers.TokenEmbedding):
        raise ValueError(
            "The vocabulary of a network can be changed if its logits are made by a `Dense` or a "
            f"tied `TokenEmbedding`. Received: {output.name!r}, a {type(output).__name__}."
        )
    found: dict[int, VocabularyWeight] = {}

    def add(layer: Any, variable: keras.Variable | None, axis: int, side: str) -> None:
        if getattr(layer, "lora_enabled", False):
            raise ValueError(
                "The vocabulary of a network with LoRA cannot be changed. "
                f"Received: {layer.name!r} with it."
            )
        if variable is not None:
            known = found.get(id(variable))
            sides = frozenset({side}) | (known.sides if known else frozenset())
            found[id(variable)] = VocabularyWeight(layer, variable, axis, sides)

    for side in ("source", "target"):
        if f"{side}_embedding" not in by_part:
            raise ValueError(
                "The vocabulary of a network can be changed if a `TokenEmbedding` reads its token "
                f"ids. Received: a network in which none reads those of the {side}."
            )
        for layer in by_part[f"{side}_embedding"]:
            add(layer, layer.embeddings, 0, side)
            add(layer, getattr(layer, "bias", None), 0, side)
    if isinstance(output, layers.TokenEmbedding):
        add(output, output.embeddings, 0, "target")
        add(output, output.bias, 0, "target")
    else:
        add(output, output.kernel, 1, "target")
        add(output, output.bias, 0, "target")
    return list(found.values())


def _with_weights(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if layer.weights]
