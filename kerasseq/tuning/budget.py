"""How much a search may spend."""

import dataclasses

from kerasseq import checks


@dataclasses.dataclass(frozen=True)
class Budget:
    """Limits of a search; the first that is reached ends it. At least one must be given.

    When time or tokens run out within a trial, the trial ends after its epoch and counts.

    Args:
        max_trials: trials, failed ones included.
        max_seconds: wall time, over all sessions of a search that was interrupted; of one that was
            killed, up to the last trial that had ended.
        max_tokens: target tokens learnt from, each as often as it is seen. A failed trial counts
            with the epochs that it began.

    Raises:
        TypeError, ValueError: if a limit is not above 0, or there is none.
    """

    max_trials: int | None = None
    max_seconds: float | None = None
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        if self.max_trials is not None:
            checks.check_positive_integer("max_trials", self.max_trials)
        if self.max_seconds is not None:
            checks.check_positive("max_seconds", self.max_seconds)
        if self.max_tokens is not None:
            checks.check_positive_integer("max_tokens", self.max_tokens)
        if (self.max_trials, self.max_seconds, self.max_tokens) == (None, None, None):
            raise ValueError(
                "a search needs a limit: `max_trials`, `max_seconds` or `max_tokens`. "
                "Received: none of them."
            )

    def share(self, seconds: float, tokens: int, trials: int) -> float:
        """Returns how much of the budget is spent, from 0 to 1, by the limit that is nearest.

        Args:
            seconds: wall time so far.
            tokens: target tokens so far.
            trials: trials that have ended.

        Example:

        >>> Budget(max_trials=4, max_seconds=60).share(seconds=45, tokens=0, trials=1)
        0.75
        """
        shares = [
            spent / limit
            for spent, limit in (
                (trials, self.max_trials),
                (seconds, self.max_seconds),
                (tokens, self.max_tokens),
            )
            if limit is not None
        ]
        return min(1.0, max(shares))
