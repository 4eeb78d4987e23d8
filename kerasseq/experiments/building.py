"""A configuration -> the translator that is trained: codecs, network and search."""

import logging
from typing import Any

import keras

from kerasseq import models, serialization, training
from kerasseq.experiments import environment, run_data
from kerasseq.experiments.config import ExperimentConfig, SearchConfig
from kerasseq.experiments.fine_tuning import Start, fits, read_start
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.threads import set_threads
from kerasseq.experiments.weight_transfer import copy_weights, freeze, resized_network
from kerasseq.models import SequenceToSequence
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)


def build_translator(
    config: ExperimentConfig,
    pairs: RunData,
    codecs: tuple[TextCodec, TextCodec] | None = None,
    start: Start | None = None,
) -> Translator:
    """Builds the translator of a run, with its final search and what the network begins with.

    That is what the file of a fine-tuning holds, or nothing. What is drawn is drawn from the
    configuration's seed. A search or a network that cannot be is an error now, before anything is
    trained.

    Args:
        config: what to build.
        pairs: the run's pairs.
        codecs: of source and target, as `train_codecs(config, pairs.train)` makes them; trained
            if not given, or those of the file.
        start: what `read_start(config)` gave; read if not given.

    Raises:
        ValueError: if the configuration is not usable.
    """
    set_threads(config.training.threads, config.training.parallelism, config.target_tokens)
    start = read_start(config) if start is None else start
    keras.utils.set_random_seed(config.seed)
    source_codec, target_codec = codecs or _make_codecs(config, pairs, start)
    run_data.log_report(pairs, source_codec, target_codec, config.data.max_length)
    sizes = (source_codec.vocabulary_size, target_codec.vocabulary_size)
    if start is None:
        network = build_network(config, *sizes)
    else:
        if start.is_named:
            network = build_network(start.config, *sizes)
        else:
            network = resized_network(start.translator, *sizes)
            dtype = network.decoder.dtype_policy.name
            environment.log_dtype(dtype, "the network of `fine_tuning.model` does")
        copy_weights(start.translator, network, source_codec, target_codec)
        freeze(network, config.fine_tuning.freeze)
    logger.info("Network %s: %s weights", network.name, f"{network.count_params():,}")
    return Translator(source_codec, target_codec, network, **_search_options(config, start))


def _search_options(config: ExperimentConfig, start: Start | None) -> dict[str, Any]:
    """How the translator searches: what is not said, as the file of a fine-tuning says."""
    said, default = config.search, SearchConfig()
    if "name" in said.options:
        raise ValueError(
            "`search.options` must not name the search: `search.name` does. "
            f"Received: {said.options!r} beside {said.name!r}."
        )
    options: dict[str, Any] = {
        "search": {"name": said.name, **said.options},
        "max_source_length": said.max_source_length,
        "replace_unknown": said.replace_unknown,
    }
    if start is None:
        return options
    before = start.translator
    if fits(before, config) and (said.name, said.options) == (default.name, default.options):
        options["search"] = before.search
    if said.max_source_length == default.max_source_length:
        options["max_source_length"] = before.max_source_length
    if said.replace_unknown == default.replace_unknown:
        options["replace_unknown"] = before.replace_unknown
    return options


def _make_codecs(
    config: ExperimentConfig, pairs: RunData, start: Start | None
) -> tuple[TextCodec, TextCodec]:
    if start is None:
        return run_data.train_codecs(config, pairs.train)
    if config.fine_tuning.vocabulary == "new":
        return run_data.train_codecs(start.config, pairs.train)
    return start.translator.source_codec, start.translator.target_codec


def build_network(
    config: ExperimentConfig, source_size: int, target_size: int
) -> SequenceToSequence:
    """Builds the network of the catalogue that a configuration names.

    Args:
        config: the configuration.
        source_size: number of source token ids.
        target_size: number of target token ids.
    """
    options: dict[str, Any] = config.model.options()
    rate = options.get("scheduled_sampling")
    if isinstance(rate, dict):
        rates = training.SAMPLING_RATES
        options["scheduled_sampling"] = serialization.get(rates, rate, "scheduled_sampling")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(environment.choose_dtype(config.training.dtype))
    try:
        return models.build(
            source_vocabulary_size=source_size,
            target_vocabulary_size=target_size,
            **options,
        )
    finally:
        keras.config.set_dtype_policy(policy)
