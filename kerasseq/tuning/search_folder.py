"""The folder of a search: what lies where."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.folder_lock import FolderLock
from kerasseq.experiments.yaml_text import dump_yaml, load_yaml
from kerasseq.files import remove_leftovers, write_csv, write_text
from kerasseq.tuning.deaths import RECORD
from kerasseq.tuning.trial_record import TrialRecord


class SearchFolder:
    """The files of one search; whoever writes them holds its `lock`.

    `search.yaml` says what is searched, `best.yaml` is the best configuration, `trials.csv` has a
    line a trial, `trials/` a run folder for each, `codecs/` the tokenizers that they share, and
    `keras_tuner/` the engine's own notes, which are written anew by every session.

    Args:
        path: the folder; made when the search begins.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.search = self.path / "search.yaml"
        self.best = self.path / "best.yaml"
        self.table = self.path / "trials.csv"
        self.lock = FolderLock(self.path)

    def open(self, said: Mapping[str, Any]) -> None:
        """Makes the folder for a search, or finds that of the same search.

        Args:
            said: what decides which trials there are, as plain values.

        Raises:
            ValueError: if the folder holds another search.
        """
        text = dump_yaml(dict(said))
        if self.search.exists():
            there = load_yaml(self.search.read_text(encoding="utf-8"))
            there = {"data": said.get("data"), **there}  # which an older search did not write
            differs = [key for key, value in load_yaml(text).items() if there.get(key) != value]
            if differs:
                raise ValueError(
                    f"{self.path} holds a search with another {' and '.join(differs)}. "
                    "Name another `output`, or remove the folder."
                )
        self.path.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.path)
        if not self.search.exists():
            write_text(self.search, text)

    def trial(self, trial_id: str) -> Path:
        """Returns the run folder of a trial."""
        return self.path / "trials" / trial_id

    def read_record(self, trial_id: str) -> TrialRecord | None:
        """Returns the record of a trial that has ended, or `None`."""
        path = self.trial(trial_id) / RECORD
        return TrialRecord.read(path) if path.is_file() else None

    def write_record(self, record: TrialRecord, details: str) -> None:
        """Writes the record of a trial that has ended, and what is to say of its failure."""
        folder = self.trial(record.trial_id)
        if details:
            write_text(folder / "error.txt", details)
        record.write(folder / RECORD)

    def write_best(self, config: ExperimentConfig) -> None:
        """Writes the best configuration so far."""
        config.write(self.best)

    def write_table(self, records: Sequence[TrialRecord]) -> None:
        """Writes one line a trial; the columns in the order in which they came up."""
        write_csv(self.table, [_row(record) for record in records])


def _row(record: TrialRecord) -> dict[str, Any]:
    said = dataclasses.asdict(record)
    said["trial"] = said.pop("trial_id")
    metrics, values = said.pop("metrics"), said.pop("values")
    del said["drawn"]
    first = {name: said.pop(name) for name in ("trial", "status", "kind", "reason")}
    seconds = {name: round(said.pop(name), 1) for name in ("seconds", "elapsed")}
    return {**first, **metrics, **seconds, **said, **values}
