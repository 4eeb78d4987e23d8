"""What a search makes better, by name; the direction follows from the name."""

from typing import Any

from kerasseq.evaluation import METRICS
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning.engine import keras_tuner

PREFIX = "val_"
DIRECTIONS = {
    "val_loss": "min",
    "val_perplexity": "min",
    "val_accuracy": "max",
    **{PREFIX + n: "max" if each.higher_is_better else "min" for n, each in METRICS.items()},
}

# Reported of every trial, whatever the objective.
REPORTED = ("bleu", "chrf", "exact_match", "word_error_rate")


def get_objective(name: str) -> Any:
    """Returns KerasTuner's objective of a name, with the direction in which it is better.

    `val_loss` contains the label smoothing: where that is searched, `val_perplexity`, which does
    not, compares the trials fairly.

    Args:
        name: `val_loss`, `val_perplexity`, `val_accuracy`, or a metric of `kerasseq.evaluation`
            behind `val_`, such as `val_bleu`.

    Raises:
        ValueError: if there is none of that name.

    Example:

    >>> get_objective("val_sequence_error_rate").direction
    'min'
    """
    if name not in DIRECTIONS:
        raise ValueError(f"`objective` must be one of {', '.join(DIRECTIONS)}. Received: {name!r}.")
    return keras_tuner.Objective(name, DIRECTIONS[name])


def reported_metrics(config: ExperimentConfig, objective: str) -> list[str]:
    """Returns the metrics of a trial: the configuration's, those of every trial, the objective's.

    Args:
        config: what the search starts from.
        objective: the name of the objective.
    """
    wanted = [*config.metrics, *REPORTED, objective.removeprefix(PREFIX)]
    return [name for name in dict.fromkeys(wanted) if name in METRICS]
