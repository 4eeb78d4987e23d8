"""Names in a configuration: one that is wrong is told before anything is read."""

from collections.abc import Mapping
from typing import Any

from kerasseq import checks
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.optimization import optimizer_class
from kerasseq.experiments.run_callbacks import make_selection
from kerasseq.search import SEARCHES
from kerasseq.text.tokenizers import TOKENIZERS


def check_names(config: ExperimentConfig) -> None:
    """Raises unless there is all that a configuration names, but for its network.

    Nothing is made of them, and TensorFlow computes nothing, so that its threads can still be set.

    Args:
        config: the configuration.

    Raises:
        ValueError: if there is no such metric, score to monitor, optimiser, tokenizer or search.
    """
    make_selection(config)
    optimizer_class(config.training.optimizer)
    _check_name("search.name", config.search.name, SEARCHES)
    _check_name("source_text.tokenizer", config.source_text.tokenizer, TOKENIZERS)
    _check_name("target_text.tokenizer", config.target_text.tokenizer, TOKENIZERS)


def _check_name(field: str, said: Any, family: Mapping[str, Any]) -> None:
    name = said.get("name") if isinstance(said, Mapping) else said
    if name is not None:  # what is serialised in full is read where it is used
        checks.check_one_of(field, name, tuple(family))
