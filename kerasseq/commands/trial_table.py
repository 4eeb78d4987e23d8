"""The table of a search that fills as it goes, its progress bar and its picture."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from kerasseq.tuning.trial_record import TrialRecord
from kerasseq.tuning.tuning_listener import TuningListener

if TYPE_CHECKING:
    from kerasseq.experiments import RunState

SHORTER = {"model.": "", "training.": "", "source_text.": "source_", "target_text.": "target_"}
LONGEST_REASON = 100


class TrialTable(TuningListener):
    """Prints a line a trial, shows a bar on a terminal, and draws the objective against time.

    Args:
        folder: where `trials.png` goes.
        objective: the name of what is made better.
        direction: `"max"` or `"min"`.
    """

    def __init__(self, folder: str | os.PathLike[str], objective: str, direction: str) -> None:
        self.folder = Path(folder)
        self.objective = objective
        self.direction = direction
        self._bar: Any = None
        self._best: float | None = None
        self._share = 0.0

    def on_trial_begin(self, trial_id: str, values: Mapping[str, Any]) -> None:
        """Shows that a trial runs."""
        self._show(f"trial {trial_id}", self._share)

    def on_epoch_end(self, trial_id: str, state: "RunState", share: float) -> None:
        """Shows how the trial goes."""
        score = state.history[-1].get(self.objective)
        shown = "" if score is None else f", {self.objective} {score:.4g}"
        self._show(f"trial {trial_id}, epoch {state.epoch}{shown}", share)

    def on_trial_end(self, records: Sequence[TrialRecord], share: float) -> None:
        """Prints the line of a trial, and draws all of them."""
        self.close()
        self._share = share
        if len(records) == 1:
            print(self._header(), flush=True)
        print(self._row(records[-1]), flush=True)
        self._draw(records)

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _show(self, text: str, share: float) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            form = "{desc} |{bar}| {percentage:3.0f} % of the budget [{elapsed}]"
            self._bar = tqdm(total=1.0, bar_format=form, leave=False)
        self._bar.set_description_str(text, refresh=False)
        self._bar.update(max(share - self._bar.n, 0.0))
        self._bar.refresh()

    def _header(self) -> str:
        name = self.objective
        width = max(len(name), 9)
        return (
            f"{'trial':5}  {'status':15}  {name:>{width}}   {'epochs':>6}  {'seconds':>7}  "
            f"{'weights':>10}  what it tried"
        )

    def _row(self, record: TrialRecord) -> str:
        width = max(len(self.objective), 9)
        tried = ", ".join(f"{_short(name)} {_said(v)}" for name, v in record.values.items())
        score, mark = record.metrics.get(self.objective), " "
        status = record.status if not record.kind else f"{record.status} ({record.kind})"
        if score is None:
            reason = record.reason[:LONGEST_REASON]
            tried = f"{reason}: {tried}"
        elif self._is_best(score):
            self._best, mark = score, "*"
        shown = "" if score is None else f"{score:.4f}" if abs(score) < 1e4 else f"{score:.3e}"
        return (
            f"{record.trial_id:5}  {status:15}  {shown:>{width}} {mark} {record.epochs:6}  "
            f"{record.seconds:7.1f}  {record.parameters:10,}  {tried}"
        )

    def _is_best(self, score: float) -> bool:
        if self._best is None:
            return True
        return score > self._best if self.direction == "max" else score < self._best

    def _draw(self, records: Sequence[TrialRecord]) -> None:
        from kerasseq import visualization

        figure = visualization.plot_trials(
            [record.elapsed for record in records],
            [record.metrics.get(self.objective) for record in records],
            self.objective,
            self.direction,
        )
        visualization.save_figure(figure, self.folder / "trials.png")


def _short(name: str) -> str:
    for long, short in SHORTER.items():
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value)
