"""A trained translator's file as the beginning of a run: what of it holds."""

import dataclasses
import logging
from typing import Any, NamedTuple

from kerasseq.experiments.config import (
    ExperimentConfig,
    ModelConfig,
    SearchConfig,
    TextConfig,
)
from kerasseq.experiments.training_config import TrainingConfig
from kerasseq.models import CATALOGUE, SequenceToSequence
from kerasseq.models.catalogue import DEFAULTS
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
        config: the configuration, with the network, the vocabularies and the search of the file.
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
    merged = dataclasses.replace(
        config,
        model=_model_of(config.model, said.get("model"), path),
        search=_search_of(config.search, said.get("search"), fits(translator, config)),
    )
    merged = _with_texts(merged, said, path)
    _log_taken(config, merged, path)
    return Start(translator, merged, is_named)


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


def fits(translator: Translator, config: ExperimentConfig) -> bool:
    """Returns whether a file's search means the same in the run: ids in it are of its tokens.

    Args:
        translator: of the file.
        config: of the run.
    """
    rule = translator.search.output_rule
    knows_ids = bool(rule.banned_ids) or rule.vocabulary_mask is not None
    return config.fine_tuning.vocabulary == "keep" or not knows_ids


def _search_of(search: SearchConfig, said: dict[str, Any] | None, fits_here: bool) -> SearchConfig:
    """The file's search, field by field where the configuration says nothing else of it."""
    file, default = vars(SearchConfig(**(said or {}))), vars(SearchConfig())
    now = dict(vars(search))
    kind = ("name", "options")  # of one kind are all options
    if fits_here and all(now[name] == default[name] for name in kind):
        now |= {name: file[name] for name in kind}
    for name in default.keys() - set(kind):
        now[name] = file[name] if now[name] == default[name] else now[name]
    return SearchConfig(**now)


def _log_taken(config: ExperimentConfig, merged: ExperimentConfig, path: str) -> None:
    """Says what the file decides: a value that was said and is the default one counts as unsaid."""
    taken = []
    for section in ("source_text", "target_text", "search"):
        before, now = vars(getattr(config, section)), vars(getattr(merged, section))
        taken += [f"{section}.{n} {now[n]!r}" for n, value in before.items() if now[n] != value]
    if config.share_vocabulary != merged.share_vocabulary:
        taken.append(f"share_vocabulary {merged.share_vocabulary!r}")
    if taken:
        logger.info("As in %s, where the configuration has defaults: %s.", path, ", ".join(taken))


def _with_texts(config: ExperimentConfig, said: dict[str, Any], path: str) -> ExperimentConfig:
    """The configuration with the file's texts, field by field where it says nothing else."""
    texts: dict[str, Any] = {}
    for side in ("source_text", "target_text"):
        now, file = getattr(config, side), said.get(side)
        told = dict(vars(TextConfig(**file))) if file is not None else {}
        default = TextConfig()
        if now.tokenizer not in (default.tokenizer, told.get("tokenizer")):
            told.pop("vocabulary_size", None)  # of characters it says nothing about words
        merged = _merged(config, side, vars(now), vars(default), told, path)
        texts[side] = TextConfig(**merged)
    name = "share_vocabulary"
    shared = {name: said[name]} if name in said else {}
    unsaid = {name: ExperimentConfig().share_vocabulary}
    texts |= _merged(config, "", {name: config.share_vocabulary}, unsaid, shared, path)
    return dataclasses.replace(config, **texts)


def _merged(
    config: ExperimentConfig,
    section: str,
    now: dict[str, Any],
    default: dict[str, Any],
    file: dict[str, Any],
    path: str,
) -> dict[str, Any]:
    """Fields as the file has them, but those that are said: that are not what they are by default.

    Raises:
        ValueError: if one is said otherwise than in the file whose vocabularies are kept.
    """
    said = {name: value for name, value in now.items() if value != default[name]}
    for name, value in said.items():
        if config.fine_tuning.vocabulary == "keep" and value != file.get(name):
            raise ValueError(
                f"`{section}{'.' if section else ''}{name}` contradicts `fine_tuning.model`, whose "
                f"vocabularies are kept. Received: {value!r}, and {path!r} has "
                f"{file.get(name)!r}. Leave it out, or train a new vocabulary with "
                "`fine_tuning.vocabulary: new`."
            )
    return {**default, **file, **said}
