"""What a search has found."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from kerasseq.experiments import ExperimentConfig
from kerasseq.translation import Translator
from kerasseq.tuning.trial_record import COMPLETED, TrialRecord

# Of the failures that are told when nothing else is.
REASONS, LONGEST_REASON = 3, 120


@dataclasses.dataclass(frozen=True)
class TuningResult:
    """What a search has found.

    Args:
        folder: where its files lie.
        objective: the name of what it made better.
        direction: `"max"` or `"min"`.
        trials: all trials that have ended, in their order.
    """

    folder: str
    objective: str
    direction: str
    trials: Sequence[TrialRecord]

    @property
    def best(self) -> TrialRecord:
        """The trial with the best objective, the first of several.

        Raises:
            ValueError: if no trial was completed.
        """
        record = best_of(self.trials, self.objective, self.direction)
        if record is None:
            reasons = dict.fromkeys(each.reason[:LONGEST_REASON] for each in self.trials)
            raise ValueError(
                f"No trial of {self.folder} was completed; {len(self.trials)} failed. "
                f"First of all: {'; '.join([*reasons][:REASONS]) or 'none was begun.'}"
            )
        return record

    def config(self) -> ExperimentConfig:
        """Returns the configuration of the best trial, as `best.yaml` holds it."""
        return ExperimentConfig.read(Path(self.folder) / "best.yaml")

    def translator(self) -> Translator:
        """Returns the trained translator of the best trial."""
        return Translator.load(trial_folder(self.folder, self.best.trial_id) / "model.keras")


def best_of(trials: Sequence[TrialRecord], objective: str, direction: str) -> TrialRecord | None:
    """Returns the trial with the best objective, the first of several; `None` without any.

    Args:
        trials: in their order.
        objective: the name of the objective.
        direction: `"max"` or `"min"`.
    """
    completed = [each for each in trials if each.status == COMPLETED]
    choose = max if direction == "max" else min
    return choose(completed, key=lambda each: each.metrics[objective], default=None)


def trial_folder(output: str | os.PathLike[str], trial_id: str) -> Path:
    """Returns the run folder of a trial.

    Args:
        output: the folder of the search.
        trial_id: the trial's number.
    """
    return Path(output) / "trials" / trial_id
