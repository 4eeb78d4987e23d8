"""What one call of `train` brings, and what it gives back."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import keras

from kerasseq.data import Pairs
from kerasseq.experiments.distillation import Teachers
from kerasseq.experiments.watch_run import Watch
from kerasseq.translation import Translator

MakeCallback: TypeAlias = Callable[[Translator, Pairs], keras.callbacks.Callback]
"""From the greedy translator of a run and its held-out pairs to a callback."""


class Run(NamedTuple):
    """A run that has ended.

    Attributes:
        folder: where its files lie.
        translator: the trained translator, as `model.keras` holds it.
        report: what `report.json` holds.
    """

    folder: str
    translator: Translator
    report: dict[str, Any]


class Session(NamedTuple):
    """What one call of `train` brings besides configuration and data.

    Attributes:
        environment: what `environment.describe` gave.
        changes: what the configuration changes in the run.
        show_progress: whether to show a bar on a terminal.
        callbacks: more callbacks, or what makes them.
        watch: sees the run's progress after each epoch.
        teachers: whom the network learns from.
        accept_changes: whether runs may go on with other configurations.
        stamp: of the run's folder, before anything in it was read.
    """

    environment: dict[str, Any]
    changes: dict[str, Any]
    show_progress: bool
    callbacks: Sequence[keras.callbacks.Callback | MakeCallback]
    watch: Watch | None
    teachers: Teachers
    accept_changes: bool
    stamp: tuple[int, ...]
