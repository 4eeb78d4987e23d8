"""The callback that shows a run's progress to a function of the caller."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras

from kerasseq.experiments.run_state import RunState

Watch: TypeAlias = Callable[[RunState], bool | None]
"""Sees a run's progress after an epoch; `True` ends the training."""


class WatchRun(keras.callbacks.Callback):
    """Shows the progress of a run after each epoch, and ends it when asked to.

    It must stand behind `KeepRun`: what is shown is on disk, and an end loses nothing.

    Args:
        state: the progress of the run.
        watch: the function that sees it.
    """

    def __init__(self, state: RunState, watch: Watch) -> None:
        super().__init__()
        self.state = state
        self.watch = watch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.watch(self.state):
            self.model.stop_training = True
