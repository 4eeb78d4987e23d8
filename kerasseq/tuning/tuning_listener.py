"""Who wants to know how a search goes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasseq.tuning.trial_record import TrialRecord

if TYPE_CHECKING:
    from kerasseq.experiments import RunState


class TuningListener:
    """Told what happens in a search; each method does nothing until it is overridden.

    For tables, bars and pictures. An error in a listener ends the search.
    """

    def on_trial_begin(self, trial_id: str, values: Mapping[str, Any]) -> None:
        """Called before a trial.

        Args:
            trial_id: its number.
            values: the searched fields and what they are.
        """

    def on_epoch_end(self, trial_id: str, state: "RunState", share: float) -> None:
        """Called after each epoch of a trial.

        Args:
            trial_id: its number.
            state: its progress.
            share: how much of the budget is spent, from 0 to 1.
        """

    def on_trial_end(self, records: Sequence[TrialRecord], share: float) -> None:
        """Called after each trial; when a search goes on, also for those that had ended.

        Args:
            records: all trials that have ended, in their order; the last is new.
            share: how much of the budget is spent, from 0 to 1.
        """
