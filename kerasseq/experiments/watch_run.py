"""The callback that shows a run's progress to a function of the caller."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras

from kerasseq.experiments.run_state import RunState

Watch: TypeAlias = Callable[[RunState], bool | None]
"""Sees a run's progress after an epoch; `True` ends the training."""


class WatchRun(keras.callbacks.Callback):
    """Shows the progress of a run after each epoch, and ends it when asked to.

    It must stand behind `SaveState`: what is shown is on disk, and an end loses nothing.

    Args:
        state: the progress of the run; changed in place.
        watch: the function that sees it.
        save: writes the progress once more, when it is to end: a run that is killed after that
            has ended all the same.
    """

    def __init__(self, state: RunState, watch: Watch, save: Callable[[], None]) -> None:
        super().__init__()
        self.state = state
        self.watch = watch
        self.save = save

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.watch(self.state):
            self.state.stopped = True
            self.save()
            self.model.stop_training = True
