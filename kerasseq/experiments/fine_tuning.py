"""A trained translator's file as the beginning of a run: what of it holds, and its weights."""

import copy
import dataclasses
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasseq.experiments.config import ExperimentConfig, ModelConfig, TextConfig
from kerasseq.experiments.training_config import TrainingConfig
from kerasseq.models import CATALOGUE, SequenceToSequence
from kerasseq.models.catalogue import DEFAULTS
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)

# Options of a network that change no weight: a fine-tuning may say them anew.
FREE_OPTIONS = {
    *("dropout", "recurrent_dropout", "word_dropout"),
    *("doubly_stochastic", "scheduled_sampling"),
}


class Start(NamedTuple):
    """What a fine-tuning begins with.

    Attributes:
        translator: what the file holds.
        config: the configuration, with the network and the vocabularies of the file.
        is_named: whether the network is one of the catalogue; else it was made by hand.
    """

    translator: Translator
    config: ExperimentConfig
    is_named: bool


def read_start(config: ExperimentConfig) -> Start | None:
    """Reads the file that a configuration begins with; `None` if it begins with nothing.

    What the configuration leaves at its default is what the file says.

    Args:
        config: the configuration.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds no single translator, or the configuration contradicts it.
    """
    if config.fine_tuning.model is None:
        return None
    path = config.fine_tuning.model
    translator = Translator.load(path)
    if not isinstance(translator.network, SequenceToSequence):
        raise ValueError(
            "`fine_tuning.model` must be a file with one network. "
            f"Received: {path!r}, which holds a {type(translator.network).__name__}."
        )
    said = translator.metadata.get("config") or {}
    is_named = said.get("model") is not None
    dtype = translator.network.decoder.dtype_policy.name
    if not is_named and config.training.dtype not in (TrainingConfig().dtype, dtype):
        raise ValueError(
            "`training.dtype` contradicts `fine_tuning.model`, a network that was made by hand. "
            f"Received: {config.training.dtype!r}, and {path!r} computes in {dtype}. Leave it out."
        )
    config = dataclasses.replace(config, model=_model_of(config.model, said.get("model"), path))
    return Start(translator, _with_texts(config, said, path), is_named)


def _model_of(model: ModelConfig, said: dict[str, Any] | None, path: str) -> ModelConfig:
    """The file's network, with what the configuration may say anew."""
    options = model.options()
    if options["name"] == ModelConfig().name:
        del options["name"]  # not said
    if said is None:
        if options:
            raise ValueError(
                "`model` has no meaning with `fine_tuning.model` of a network that was made by "
                f"hand. Received: {', '.join(sorted(options))} beside {path!r}."
            )
        return model
    known = {key: value for key, value in said.items() if value is not None}
    full = {**DEFAULTS, **CATALOGUE[known["name"]], **known}
    for name, value in options.items():
        if name not in FREE_OPTIONS and value != full[name]:
            raise ValueError(
                f"`model.{name}` contradicts `fine_tuning.model`. Received: {value!r}, and "
                f"{path!r} has {full[name]!r}. Leave it out."
            )
    return ModelConfig(**{**known, **options})


def _with_texts(config: ExperimentConfig, said: dict[str, Any], path: str) -> ExperimentConfig:
    """The configuration with the file's texts, where it says nothing else."""
    texts: dict[str, Any] = {}
    for name in ("source_text", "target_text", "share_vocabulary"):
        now = getattr(config, name)
        if name in said:
            value = said[name]
            value = TextConfig(**value) if isinstance(value, dict) else value
        else:
            value = None
        unsaid = now == getattr(ExperimentConfig(), name)
        if not unsaid and now != value and config.fine_tuning.vocabulary == "keep":
            raise ValueError(
                f"`{name}` contradicts `fine_tuning.model`, whose vocabularies are kept. "
                f"Received: {now!r}, and {path!r} has {value!r}. Leave it out, or train a new "
                "vocabulary with `fine_tuning.vocabulary: new`."
            )
        if unsaid and value is not None:
            texts[name] = value
    return dataclasses.replace(config, **texts)


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
