"""What happens in a trial while it runs."""

from collections.abc import Callable

from kerasseq.experiments import RunState
from kerasseq.tuning.tuning_listener import TuningListener


class SearchInterrupted(BaseException):
    """Something went wrong that is no trial's fault; its cause says what.

    No `Exception`: KerasTuner would take it for a failed trial, and go on.
    """


class TrialProgress:
    """Sees a trial's epochs: tells the listener, and ends the trial when the budget is spent.

    Args:
        trial_id: the trial's number.
        monitor: the score without which no epoch can be the last.
        listener: told of each epoch.
        share: from the trial's target tokens, how much of the budget is spent.
        pairs: how many training pairs there are, for the cost of an epoch that never ended.
        tokens_before: the target tokens of the trial that it goes on from.
    """

    def __init__(
        self,
        trial_id: str,
        monitor: str,
        listener: TuningListener,
        share: Callable[[int], float],
        pairs: int,
        tokens_before: int = 0,
    ) -> None:
        self.trial_id = trial_id
        self.monitor = monitor
        self.listener = listener
        self.share = share
        self.pairs = pairs
        self.tokens_before = tokens_before
        self.epochs = 0
        self.total_tokens = tokens_before

    def watch(self, state: RunState) -> bool:
        """Returns whether the trial must end after this epoch.

        Args:
            state: the trial's progress.

        Raises:
            SearchInterrupted: if the listener raises an error.
        """
        self.epochs, self.total_tokens = state.epoch, state.target_tokens
        share = self.share(self.total_tokens - self.tokens_before)
        try:
            self.listener.on_epoch_end(self.trial_id, state, share)
        except Exception as error:
            raise SearchInterrupted from error
        return share >= 1.0 and self.monitor in state.history[-1]

    def spent(self) -> dict[str, int]:
        """Returns what a trial that failed has cost, with the epoch in which it did.

        At least a token a pair, so that failures alone use up any budget.
        """
        per_epoch = self.total_tokens // self.epochs if self.epochs else 0
        tokens = self.total_tokens + max(per_epoch, self.pairs)
        return {"epochs": self.epochs, "total_tokens": tokens}
