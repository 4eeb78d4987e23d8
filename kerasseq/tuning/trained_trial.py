"""What came of one training within a search."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kerasseq.experiments import Run


class TrainedTrial(NamedTuple):
    """What came of one training within a search.

    Attributes:
        metrics: scores of the trained translator on the held-out pairs; `loss` is that of the
            training in the best epoch.
        epochs: epochs that it was trained.
        parameters: weights of the network.
        total_tokens: target tokens it learnt from, those of the run that it went on from included.
    """

    metrics: Mapping[str, float]
    epochs: int
    parameters: int
    total_tokens: int

    @classmethod
    def of(cls, run: Run, metrics: Sequence[str]) -> "TrainedTrial":
        """Reads what a run has left.

        Args:
            run: the run, without test pairs, so that its report is on the held-out ones.
            metrics: the metrics of the run.
        """
        report = run.report
        with open(Path(run.folder) / "history.csv", encoding="utf-8", newline="") as file:
            losses = {int(row["epoch"]): float(row["loss"]) for row in csv.DictReader(file)}
        scores = {
            f"val_{name}": report[f"valid_{name}"] for name in ("loss", "perplexity", "accuracy")
        }
        scores |= {f"val_{name}": report[name] for name in metrics}
        return cls(
            {"loss": losses[report["best_epochs"][0]], **scores},
            report["epochs"],
            report["parameters"],
            report["target_tokens"],
        )
