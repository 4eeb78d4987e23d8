"""The optimiser of a run and its learning rate; and the network compiled with them."""

import logging
from typing import Any

import keras
import numpy as np

from kerasseq import training
from kerasseq.experiments.training_config import TrainingConfig
from kerasseq.models import SequenceToSequence

logger = logging.getLogger(__name__)

# What the configuration says in fields of its own, by Keras' name.
OWN_FIELDS = {
    "learning_rate": "learning_rate",
    "global_clipnorm": "clip_norm",
    "use_ema": "ema_momentum",
    "ema_momentum": "ema_momentum",
    "gradient_accumulation_steps": "accumulation_steps",
}


def compile_network(network: SequenceToSequence, config: TrainingConfig, steps: int) -> None:
    """Compiles a network as a configuration says, with an optimiser that has its variables.

    Args:
        network: the network.
        config: how it learns.
        steps: batches of an epoch.

    Raises:
        ValueError: if there is no such optimiser, or it is given what the configuration says in
            another field.
    """
    total = steps * config.epochs
    if config.schedule != "plateau" and 0 < total <= config.warmup_steps:
        logger.warning(
            "The learning rate never comes to %.3g: `training.warmup_steps` is %d, and the whole "
            "run has %d batches.",
            *(config.learning_rate, config.warmup_steps, total),
        )
    network.compile(
        build_optimizer(config, learning_rate(config, total)),
        loss=training.TokenCrossentropy(label_smoothing=config.label_smoothing),
        metrics=[training.TokenAccuracy(name="accuracy"), training.Perplexity(name="perplexity")],
        jit_compile=False,
    )
    # A checkpoint can only be put back into an optimiser that has its variables.
    network.optimizer.build(network.trainable_variables)


def build_optimizer(config: TrainingConfig, rate: Any) -> keras.optimizers.Optimizer:
    """Returns the optimiser that a configuration names.

    Args:
        config: how a network learns.
        rate: the learning rate, a number or a schedule.

    Raises:
        ValueError: if there is no such optimiser, or it is given what the configuration says in
            another field.
    """
    options = dict(config.optimizer) if isinstance(config.optimizer, dict) else {}
    options.pop("name", None)
    for option in options:
        if option in OWN_FIELDS:
            raise ValueError(
                f"`training.optimizer` has no option {option!r} here: say it with "
                f"`training.{OWN_FIELDS[option]}`. Received: {config.optimizer}."
            )
        if option in ("clipnorm", "clipvalue") and config.clip_norm is not None:
            raise ValueError(
                f"`training.optimizer` clips by {option!r}, and `training.clip_norm` by the norm "
                f"of all gradients. Received: {config.optimizer} and {config.clip_norm}. Say "
                "`training.clip_norm: null`."
            )
    options["learning_rate"] = rate
    if config.clip_norm is not None:
        options["global_clipnorm"] = config.clip_norm
    if config.accumulation_steps > 1:
        options["gradient_accumulation_steps"] = config.accumulation_steps
    if config.ema_momentum is not None:
        options |= {"use_ema": True, "ema_momentum": config.ema_momentum}
    kind = optimizer_class(config.optimizer)
    _try(kind, options, config)
    return kind(**options)


def _try(kind: Any, options: dict[str, Any], config: TrainingConfig) -> None:
    """Raises if an optimiser of these options cannot make an update.

    Keras takes most options as they come, and fails at the first step, when the run has begun.
    """
    weight = keras.Variable(np.zeros((1, 1), "float32"))
    try:
        optimizer = kind(**options)
        optimizer.apply([keras.ops.ones_like(weight)], [weight])
    except Exception as error:  # whatever an optimiser and its backend raise
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"`training.optimizer` must have options that {kind.__name__} takes. "
            f"Received: {config.optimizer!r} ({reason})."
        ) from error


def optimizer_class(said: str | dict[str, Any]) -> Any:
    """Returns the class that is named, in any case and with or without underscores.

    Args:
        said: the name, or a mapping with `name` and options.

    Raises:
        ValueError: if there is no such optimiser.
    """
    name = said.get("name") if isinstance(said, dict) else said
    known = {"fusedadam": training.FusedAdam}
    for each, member in vars(keras.optimizers).items():
        # The others are made of optimisers, and say nothing on their own.
        is_class = isinstance(member, type) and issubclass(member, keras.optimizers.Optimizer)
        if is_class and each not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer"):
            known[each.lower()] = member
    wanted = name.lower().replace("_", "") if isinstance(name, str) else name
    if wanted not in known:
        names = ", ".join(["fused_adam", *sorted(set(known) - {"fusedadam"})])
        raise ValueError(
            f"`training.optimizer` must be one of {names}, or a mapping with the `name` of one "
            f"and its options. Received: {name!r}."
        )
    return known[wanted]


def learning_rate(config: TrainingConfig, steps: int) -> Any:
    """Returns the learning rate of a run: a schedule whose highest it is; with plateau a number.

    One that is constant is a schedule too, so that a run may go on with another warm-up: of a
    number an optimiser keeps a variable, and a checkpoint must fit.

    Args:
        config: how a network learns.
        steps: batches of the whole run; Keras counts these, also with accumulation.
    """
    rate, warmup = config.learning_rate, config.warmup_steps
    if config.schedule in ("cosine", "constant"):
        return keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            decay_steps=max(steps - warmup, 1),
            alpha=0.0 if config.schedule == "cosine" else 1.0,  # 1: it stays where it is
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    if config.schedule in ("noam", "inverse_square_root"):
        return training.InverseSquareRoot(rate, warmup_steps=max(warmup, 1))
    return float(rate)


def put_learning_rate(optimizer: keras.optimizers.Optimizer, rate: float) -> None:
    """Sets the rate of an optimiser that keeps it as a number; a schedule has its own.

    Args:
        optimizer: the optimiser.
        rate: the learning rate.
    """
    if any(variable.name == "learning_rate" for variable in optimizer.variables):
        optimizer.learning_rate = rate
