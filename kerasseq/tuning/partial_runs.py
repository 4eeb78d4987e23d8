"""Runs that stop early, and runs that go on from there."""

import dataclasses
import shutil
from pathlib import Path

from kerasseq.experiments import ExperimentConfig


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
    shutil.copytree(before / "checkpoints", unfinished)
    unfinished.replace(output / "checkpoints")
