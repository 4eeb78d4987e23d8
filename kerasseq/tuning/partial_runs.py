"""Runs that stop early, and runs that go on from there."""

import dataclasses
import functools
import shutil
from pathlib import Path
from typing import Any

from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.checkpoints import Checkpoints


def stopping_after(config: ExperimentConfig, epochs: int | None) -> ExperimentConfig:
    """Returns a configuration whose training stops early, on the way to the same end.

    Args:
        config: the whole training.
        epochs: after how many epochs it stops; `None` for no change.
    """
    if epochs is None:
        return config
    stop = None if epochs >= config.training.epochs else epochs
    training = dataclasses.replace(config.training, stop_after=stop)
    return dataclasses.replace(config, training=training)


def take_over(before: Path, output: Path, config: ExperimentConfig) -> None:
    """Makes the folder of a run that goes on from another one's last epoch.

    Where the other one was cut short, as by the end of a budget, this one is not.

    Args:
        before: the folder of the other run.
        output: the folder to make.
        config: of the run to come.
    """
    output.mkdir(parents=True, exist_ok=True)
    config.write(output / "config.yaml")
    shutil.copy(before / "history.csv", output)
    unfinished = output / "checkpoints.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for path in (before / "checkpoints").iterdir():
        shutil.copy(path, unfinished)  # not `copytree`, which does not say that a disk is full
    Checkpoints(unfinished).change_progress(
        functools.partial(_going_on, patience=config.training.patience)
    )
    unfinished.replace(output / "checkpoints")


def _going_on(progress: dict[str, Any], patience: int | None) -> dict[str, Any]:
    """The progress of a run that has stopped only if that was for want of patience."""
    return {**progress, "stopped": patience is not None and progress["waited"] >= patience}
