"""What a configuration says wrongly or in vain, told before anything is read."""

import logging
from collections.abc import Mapping
from typing import Any

from kerasseq import checks
from kerasseq.experiments.config import ExperimentConfig, TextConfig
from kerasseq.experiments.optimization import optimizer_class
from kerasseq.experiments.run_callbacks import make_selection
from kerasseq.experiments.training_config import DistillationConfig, TrainingConfig
from kerasseq.search import SEARCHES
from kerasseq.text.tokenizers import TOKENIZERS

logger = logging.getLogger(__name__)


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


def warn_of_fields_without_effect(config: ExperimentConfig) -> None:
    """Logs which fields were set, and change nothing beside the others.

    No error, since a recipe may set what a flag then makes pointless.

    Args:
        config: the configuration.
    """
    for field, reason in _without_effect(config):
        logger.warning("`%s` has no effect %s.", field, reason)


def _without_effect(config: ExperimentConfig) -> list[tuple[str, str]]:
    """The fields that are not as by default, and the reason why that is pointless."""
    training, default = config.training, TrainingConfig()
    found = []
    if training.schedule != "plateau":
        for name in ("plateau_patience", "plateau_factor"):
            if getattr(training, name) != getattr(default, name):
                found.append((f"training.{name}", f"with the schedule {training.schedule!r}"))
    if training.batch_size is not None and training.batch_tokens not in (
        default.batch_tokens,
        None,
    ):
        found.append(("training.batch_tokens", "beside `training.batch_size`"))
    if training.stop_after is not None and training.stop_after > training.epochs:
        found.append(("training.stop_after", f"beyond `training.epochs`, {training.epochs}"))
    teachers = config.distillation.teachers or config.distillation.recipe
    if not teachers and config.distillation.weight != DistillationConfig().weight:
        found.append(("distillation.weight", "without teachers"))
    if config.distillation.at_once > 1 and config.distillation.recipe is None:
        found.append(("distillation.at_once", "without a `distillation.recipe`"))
    shared = (TextConfig(), config.source_text)
    if config.share_vocabulary and config.target_text not in shared:
        found.append(("target_text", "with `share_vocabulary`: both sides are as `source_text`"))
    return found
