"""What a run knows of itself from epoch to epoch, and the callback that keeps it on disk."""

import dataclasses
import logging
import math
import time
from typing import Any

import keras

from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.run_folder import RunFolder

logger = logging.getLogger(__name__)


@dataclasses.dataclass
class RunState:
    """The progress of a run.

    Attributes:
        epoch: epochs that have ended.
        history: the logs of each.
        best_epochs: the best ones by the monitored score, best first, counted from 1.
        waited: epochs since the last improvement of the best.
        stopped: whether the run has ended before its last epoch.
        samples: sample translations over time.
        wall_seconds: time spent so far, over all sessions of the run.
        cpu_seconds: CPU time spent so far.
        target_tokens: target tokens learnt from so far, each as often as it was seen.
    """

    epoch: int = 0
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    best_epochs: list[int] = dataclasses.field(default_factory=list)
    waited: int = 0
    stopped: bool = False
    samples: list[str] = dataclasses.field(default_factory=list)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    target_tokens: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Returns the state as JSON can hold it."""
        return dataclasses.asdict(self)


class KeepRun(keras.callbacks.Callback):
    """Chooses the best epochs, stops when nothing improves, and writes all of it down.

    It must stand behind whatever puts the monitored score into the logs. Everything is written at
    the end of an epoch, so that a run killed at any moment goes on from the last one.

    Args:
        state: the progress so far; changed in place.
        folder: the run's files.
        monitor: the score that chooses.
        mode: `"max"` or `"min"`: which way is better.
        keep: how many of the best epochs' weights to keep.
        patience: epochs without improvement before it stops; `None` never stops.
        samples: returns sample translations of this epoch, as lines.
        target_tokens: target tokens of an epoch.
    """

    def __init__(
        self,
        state: RunState,
        folder: RunFolder,
        monitor: str,
        mode: str,
        keep: int,
        patience: int | None,
        samples: Any,
        target_tokens: int = 0,
    ) -> None:
        super().__init__()
        self.state = state
        self.folder = folder
        self.monitored = monitor
        self.direction = mode
        self.keep = keep
        self.patience = patience
        self.samples = samples
        self.target_tokens = target_tokens
        self.checkpoints = Checkpoints(folder.checkpoints)
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {name: float(value) for name, value in (logs or {}).items()}
        if self.monitored not in logs:
            raise ValueError(
                f"`training.monitor` must be one of {', '.join(sorted(logs))}. "
                f"Received: {self.monitored!r}."
            )
        state = self.state
        state.epoch = epoch + 1
        state.target_tokens += self.target_tokens
        state.history.append({"epoch": epoch + 1, **logs})
        state.samples.extend([f"# epoch {epoch + 1}", *self.samples(), ""])
        self._rank()
        self._count_time()
        self.folder.write_history(state.history)
        self.folder.write_samples(state.samples)
        self.checkpoints.save_state(self.model, state.to_dict())
        self.checkpoints.keep_weights(state.best_epochs)
        if state.stopped:
            logger.info("No better %s for %d epochs: stopping.", self.monitored, state.waited)
            self.model.stop_training = True

    def _rank(self) -> None:
        """Takes the epoch that has just ended among the best, if it is one of them."""
        state = self.state
        sign = -1.0 if self.direction == "max" else 1.0
        scores = {int(row["epoch"]): sign * row[self.monitored] for row in state.history}
        # Compared with anything, NaN is neither better nor worse: it is the worst here.
        scores = {
            epoch: math.inf if math.isnan(score) else score for epoch, score in scores.items()
        }
        candidates = [*state.best_epochs, state.epoch]
        # An equal score later in the run does not displace an earlier one.
        ranked = sorted(candidates, key=lambda epoch: (scores[epoch], epoch))[: self.keep]
        state.waited = 0 if ranked[0] == state.epoch else state.waited + 1
        state.stopped = self.patience is not None and state.waited >= self.patience
        if state.epoch in ranked:
            self.checkpoints.save_weights(self.model, state.epoch)
        state.best_epochs = ranked

    def _count_time(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.state.wall_seconds += wall - self._wall
        self.state.cpu_seconds += cpu - self._cpu
        self._wall, self._cpu = wall, cpu
