"""Weights from one network to another: of other sizes, by token; and what of it learns on."""

import copy
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.models import SequenceToSequence
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)


def resized_network(
    translator: Translator, source_size: int, target_size: int
) -> SequenceToSequence:
    """Returns a new network like a translator's, for other numbers of tokens.

    Args:
        translator: the translator.
        source_size: number of source token ids.
        target_size: number of target token ids.

    Raises:
        ValueError: if it is not known which of its layers the numbers are those of.
    """
    network = translator.network
    sizes = {"source": source_size, "target": target_size}
    wanted: dict[str, int] = {}
    if (source_size, target_size) != _sizes(translator):
        for weight in network.vocabulary_weights():
            wanted[weight.layer.name] = sizes[max(weight.sides)]
    config = copy.deepcopy(network.get_config())
    for layer in config["graph"]["layers"]:
        if layer["config"]["name"] in wanted:
            for key in ("vocabulary_size", "input_dim", "units"):  # whichever it has first
                if key in layer["config"]:
                    layer["config"][key] = wanted[layer["config"]["name"]]
                    break
    return SequenceToSequence.from_config(config)


def copy_weights(
    translator: Translator,
    network: SequenceToSequence,
    source_codec: TextCodec,
    target_codec: TextCodec,
) -> None:
    """Puts a translator's weights into a network of the same kind, those of tokens by token.

    The rows of tokens that the translator does not know stay as they were drawn.

    Args:
        translator: where from.
        network: where to.
        source_codec: the source tokens of the network.
        target_codec: the target tokens of the network.

    Raises:
        ValueError: if the networks are not of one kind.
    """
    known = {"source": translator.source_codec, "target": translator.target_codec}
    now = {"source": source_codec, "target": target_codec}
    same = all(known[side].vocabulary == now[side].vocabulary for side in known)
    rows: dict[int, tuple[int, str]] = {}
    if not same:
        for weight in network.vocabulary_weights():
            _check_tied(weight.sides, source_codec, target_codec)
            rows[id(weight.variable)] = (weight.axis, min(weight.sides))
        for side in known:
            kept = len(set(known[side].vocabulary) & set(now[side].vocabulary))
            logger.info(
                "%s tokens: %s of %s are known to the file, the others are drawn.",
                *(side.capitalize(), f"{kept:,}", f"{now[side].vocabulary_size:,}"),
            )
    _check_kind(translator.network.weights, network.weights, rows)
    for old, new in zip(translator.network.weights, network.weights, strict=True):
        value = np.asarray(old)
        if id(new) in rows:
            axis, side = rows[id(new)]
            value = _by_token(value, np.asarray(new), axis, known[side], now[side])
        new.assign(value)


def _by_token(
    old: np.ndarray, new: np.ndarray, axis: int, known: TextCodec, now: TextCodec
) -> np.ndarray:
    """`new` with the rows along `axis` of the tokens that are known, taken from `old`."""
    numbers = {token: number for number, token in enumerate(known.vocabulary)}
    places = [place for place, token in enumerate(now.vocabulary) if token in numbers]
    taken = [numbers[now.vocabulary[place]] for place in places]
    merged = np.moveaxis(np.array(new), axis, 0)  # a view of the copy
    merged[places] = np.moveaxis(old, axis, 0)[taken]
    return np.moveaxis(merged, 0, axis)


def _check_tied(sides: frozenset[str], source: TextCodec, target: TextCodec) -> None:
    if len(sides) > 1 and source.vocabulary != target.vocabulary:
        raise ValueError(
            "`share_vocabulary` must be true: the network of `fine_tuning.model` has one table for "
            "source and target. Received: two vocabularies, of "
            f"{source.vocabulary_size} and {target.vocabulary_size} tokens."
        )


def _check_kind(old: Sequence[Any], new: Sequence[Any], rows: dict[int, Any]) -> None:
    shapes = [
        [tuple(variable.shape) for variable in group]
        for group in (
            [o for o, n in zip(old, new, strict=False) if id(n) not in rows],
            [n for n in new if id(n) not in rows],
        )
    ]
    if len(old) != len(new) or shapes[0] != shapes[1]:
        raise ValueError(
            "`fine_tuning.model` must hold a network like the one of its configuration. "
            f"Received: weights of shapes {shapes[0]}, where there are {shapes[1]}."
        )


def freeze(network: SequenceToSequence, names: Sequence[str], thaw: bool = False) -> None:
    """Keeps layers of a network from learning.

    Args:
        network: the network, not compiled yet.
        names: parts (`SequenceToSequence.layers_by_part`) or layers.
        thaw: whether to let them learn again.

    Raises:
        ValueError: if there is no such part or layer, or nothing is left to learn.
    """
    known = {layer.name: [layer] for layer in network.layers if layer.weights}
    known |= network.layers_by_part()
    for name in names:
        if name not in known:
            raise ValueError(
                f"`fine_tuning.freeze` must name parts or layers of the network: "
                f"{', '.join(known)}. Received: {name!r}."
            )
        for layer in known[name]:
            layer.trainable = thaw
    if not network.trainable_weights:
        raise ValueError(
            "`fine_tuning.freeze` must leave something to learn. "
            f"Received: {', '.join(names)}, which is all of it."
        )


def _sizes(translator: Translator) -> tuple[int, int]:
    return translator.source_codec.vocabulary_size, translator.target_codec.vocabulary_size
