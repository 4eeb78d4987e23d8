"""What is known of a trial that has ended, and the file that says it."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasseq.files import write_text

COMPLETED, FAILED = "completed", "failed"


@dataclasses.dataclass(frozen=True)
class TrialRecord:
    """A trial that has ended.

    Args:
        trial_id: its number, as a text of four digits.
        values: the searched fields and what they were.
        drawn: the values as KerasTuner drew them.
        status: `"completed"` or `"failed"`.
        kind: of a failure: `"nan"`, `"memory"` or `"crash"`; else empty.
        reason: of a failure, in one line; else empty.
        metrics: scores of the trained translator on the held-out pairs, by name, with its own
            search; `loss` is that of the training in the best epoch.
        epochs: epochs that it was trained.
        parameters: weights of the network.
        total_tokens: target tokens it learnt from, with those of the trial that it went on from.
        target_tokens: those of its own.
        seconds: wall time of the session that ended it.
        elapsed: wall time of the whole search at its end.
    """

    trial_id: str
    values: Mapping[str, Any]
    drawn: Mapping[str, Any]
    status: str = COMPLETED
    kind: str = ""
    reason: str = ""
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    epochs: int = 0
    parameters: int = 0
    total_tokens: int = 0
    target_tokens: int = 0
    seconds: float = 0.0
    elapsed: float = 0.0

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "TrialRecord":
        """Reads what `write` wrote."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the record; whoever finds the file finds all of it."""
        text = json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)
        write_text(path, text + "\n")
