"""The folder of a run: what lies where, each file written beside and renamed."""

import csv
import json
from pathlib import Path
from typing import Any

from kerasseq.experiments.config import ExperimentConfig
from kerasseq.files import remove_leftovers, written_beside


class RunFolder:
    """The files of one training run.

    Args:
        path: the folder; made if it is missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.history = self.path / "history.csv"
        self.samples = self.path / "samples.txt"
        self.model = self.path / "model.keras"
        self.report = self.path / "report.json"
        self.checkpoints = self.path / "checkpoints"

    def check(self, config: ExperimentConfig) -> None:
        """Raises if the folder holds a run with another configuration.

        Raises:
            ValueError: if it does.
        """
        if self.config.exists() and ExperimentConfig.read(self.config) != config:
            raise ValueError(
                f"{self.path} holds a run with another configuration. "
                "Name another `output`, or remove the folder."
            )

    def open(self, config: ExperimentConfig) -> None:
        """Makes the folder for a run, or finds that of the same run."""
        self.check(config)
        self.path.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.path)
        remove_leftovers(self.checkpoints)
        if not self.config.exists():
            config.write(self.config)

    def write_history(self, history: list[dict[str, float]]) -> None:
        """Writes one line an epoch, with the columns in the order in which they came up."""
        columns = list(dict.fromkeys(column for row in history for column in row))
        with (
            written_beside(self.history) as temporary,
            open(temporary, "w", encoding="utf8", newline="") as file,
        ):
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(history)

    def write_samples(self, samples: list[str]) -> None:
        """Writes the sample translations of all epochs so far."""
        self._write_text(self.samples, "\n".join(samples))

    def write_report(self, report: dict[str, Any]) -> None:
        """Writes the run's numbers."""
        self._write_text(self.report, json.dumps(report, indent=2, ensure_ascii=False) + "\n")

    def read_report(self) -> dict[str, Any] | None:
        """Returns the report of a run that has ended, or `None`."""
        if not self.report.exists():
            return None
        return json.loads(self.report.read_text(encoding="utf8"))

    def _write_text(self, path: Path, text: str) -> None:
        with written_beside(path) as temporary:
            Path(temporary).write_text(text, encoding="utf8")
