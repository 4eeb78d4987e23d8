"""What a run knows of itself from epoch to epoch, and the callbacks that keep it on disk."""

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.runs_at_once import own_share
from kerasseq.training import SwapAverages

logger = logging.getLogger(__name__)


@dataclasses.dataclass
class RunState:
    """The progress of a run.

    Attributes:
        epoch: epochs that have ended.
        history: the logs of each.
        best_epochs: the best ones by the monitored score, best first, counted from 1.
        last_epochs: the last ones, if it is the last that are averaged.
        ranked_from: the epoch behind which scores can be compared: before, something else was
            measured.
        waited: evaluations since the last improvement of the best.
        stopped: whether the run has ended before its last epoch.
        samples: sample translations over time.
        callbacks: what the other callbacks know, by name.
        changes: for each time that the configuration was changed, the epoch and what.
        epoch_seconds: the time of each epoch, with all that belongs to it.
        wall_seconds: time spent so far, over all sessions of the run.
        cpu_seconds: CPU time spent so far.
        target_tokens: target tokens learnt from so far, each as often as it was seen.
    """

    epoch: int = 0
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    best_epochs: list[int] = dataclasses.field(default_factory=list)
    last_epochs: list[int] = dataclasses.field(default_factory=list)
    ranked_from: int = 0
    waited: int = 0
    stopped: bool = False
    samples: list[str] = dataclasses.field(default_factory=list)
    callbacks: dict[str, Any] = dataclasses.field(default_factory=dict)
    changes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    epoch_seconds: list[float] = dataclasses.field(default_factory=list)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    target_tokens: int = 0

    @property
    def averaged_epochs(self) -> list[int]:
        """The epochs whose weights make the final ones."""
        return self.last_epochs or self.best_epochs

    def to_dict(self) -> dict[str, Any]:
        """Returns the state as JSON can hold it."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which epochs count.

    Attributes:
        monitor: the score that chooses.
        mode: `"max"` or `"min"`: which way is better.
        keep: of how many epochs to keep the weights.
        average: `"best"` or `"last"`: which epochs those are.
        patience: evaluations without improvement before it stops; `None` never stops.
    """

    monitor: str
    mode: str
    keep: int = 1
    average: str = "best"
    patience: int | None = None


class KeepRun(keras.callbacks.Callback):
    """Chooses the epochs whose weights are kept, stops when nothing improves, writes the history.

    It must stand behind whatever puts the monitored score into the logs, and before `SaveState`.

    Args:
        state: the progress so far; changed in place.
        folder: the run's files.
        selection: which epochs count.
        samples: returns sample translations of this epoch, as lines.
        is_evaluated: whether there are scores after an epoch, counted from 1; `None` is always.
        averages: puts moving averages into the network, which are then the weights to keep.
        target_tokens: target tokens of an epoch.
    """

    def __init__(
        self,
        state: RunState,
        folder: RunFolder,
        selection: Selection,
        samples: Callable[[], list[str]],
        is_evaluated: Callable[[int], bool] | None = None,
        averages: SwapAverages | None = None,
        target_tokens: int = 0,
    ) -> None:
        super().__init__()
        self.state = state
        self.folder = folder
        self.selection = selection
        self.samples = samples
        self.is_evaluated = is_evaluated
        self.averages = averages
        self.target_tokens = target_tokens
        self.checkpoints = Checkpoints(folder.checkpoints)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        state = self.state
        state.epoch = epoch + 1
        state.target_tokens += self.target_tokens
        logs = {name: float(value) for name, value in (logs or {}).items()}
        evaluated = self.is_evaluated is None or self.is_evaluated(epoch + 1)
        if evaluated:
            self._check_score(logs)
        else:  # what stands there is of an earlier epoch
            logs = {name: value for name, value in logs.items() if not name.startswith("val_")}
        logs["learning_rate"] = float(ops.convert_to_numpy(self.model.optimizer.learning_rate))
        state.history.append({"epoch": epoch + 1, **logs})
        kept = [*state.best_epochs, *state.last_epochs]
        if evaluated:
            state.samples.extend([f"# epoch {epoch + 1}", *self.samples(), ""])
            self._rank()
        if self.selection.average == "last":
            state.last_epochs = [*state.last_epochs, state.epoch][-self.selection.keep :]
        if state.epoch in {*state.best_epochs, *state.last_epochs} - set(kept):
            self.checkpoints.save_weights(self.model, state.epoch)
        if self.averages is not None:
            self.averages.hide()
        self.folder.write_history(state.history)
        self.folder.write_samples(state.samples)
        if state.stopped:
            logger.info(
                "No better %s for %d evaluations: stopping.", self.selection.monitor, state.waited
            )
            self.model.stop_training = True

    def _check_score(self, logs: Mapping[str, float]) -> None:
        if self.selection.monitor not in logs:
            raise ValueError(
                f"`training.monitor` must be one of {', '.join(sorted(logs))}. "
                f"Received: {self.selection.monitor!r}."
            )

    def _rank(self) -> None:
        """Takes the epoch that has just ended among the best, if it is one of them."""
        state, monitor = self.state, self.selection.monitor
        sign = -1.0 if self.selection.mode == "max" else 1.0
        scores = {int(row["epoch"]): sign * row[monitor] for row in state.history if monitor in row}
        # Compared with anything, NaN is neither better nor worse: it is the worst here.
        scores = {
            epoch: math.inf if math.isnan(score) else score for epoch, score in scores.items()
        }
        comparable = [epoch for epoch in state.best_epochs if epoch > state.ranked_from]
        candidates = [*comparable, state.epoch]
        # An equal score later in the run does not displace an earlier one.
        keep = self.selection.keep if self.selection.average == "best" else 1
        ranked = sorted(candidates, key=lambda epoch: (scores[epoch], epoch))[:keep]
        state.waited = 0 if ranked[0] == state.epoch else state.waited + 1
        patience = self.selection.patience
        state.stopped = patience is not None and state.waited >= patience
        state.best_epochs = ranked


class SaveState(keras.callbacks.Callback):
    """Writes everything a killed run needs to go on exactly; the last of the callbacks.

    Whatever was written before the state of an epoch is written again by a run that goes on from
    the epoch before. When a training begins, it gives the other callbacks what they knew, after
    they have forgotten it.

    Args:
        state: the progress so far; changed in place.
        folder: the run's files.
        callbacks: those that have `get_state` and `set_state`, by name; arrays they keep go
            through `get_arrays` and `set_arrays`.
    """

    def __init__(
        self, state: RunState, folder: RunFolder, callbacks: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.state = state
        self.callbacks = dict(callbacks or {})
        self.checkpoints = Checkpoints(folder.checkpoints)
        self._wall, self._cpu = 0.0, 0.0  # where the clocks stood, from the beginning of training

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        for name, callback in self.callbacks.items():
            if name in self.state.callbacks:
                callback.set_state(self.state.callbacks[name])
                if hasattr(callback, "set_arrays"):
                    callback.set_arrays(self.checkpoints.load_arrays(name))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        state, arrays = self.state, {}
        for name, callback in self.callbacks.items():
            state.callbacks[name] = callback.get_state()
            if hasattr(callback, "get_arrays"):
                arrays[name] = callback.get_arrays()
        self._count_time()
        self.checkpoints.save_state(self.model, state.to_dict(), arrays)
        self.checkpoints.keep_weights([*state.best_epochs, *state.last_epochs])

    def _count_time(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.state.epoch_seconds.append(round(wall - self._wall, 3))
        self.state.wall_seconds += wall - self._wall
        self.state.cpu_seconds += own_share(cpu - self._cpu)
        self._wall, self._cpu = wall, cpu
