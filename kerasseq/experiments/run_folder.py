"""The folder of a run: what lies where, each file written beside and renamed."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasseq.experiments.checkpoints import STATE
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.folder_lock import FolderLock
from kerasseq.files import finite, remove_leftovers, write_csv, write_text

SECTIONS = {
    field.name
    for field in dataclasses.fields(ExperimentConfig)
    if dataclasses.is_dataclass(getattr(ExperimentConfig(), field.name))
}

# What a run may change on its way, given the same network, data and optimiser.
CHANGEABLE = (
    *("training.epochs", "training.stop_after"),
    *("training.learning_rate", "training.warmup_steps"),
    *("training.clip_norm", "training.label_smoothing", "training.plateau_patience"),
    *("training.plateau_factor", "training.patience", "training.evaluate_every"),
    *("training.valid_sentences", "training.threads", "training.parallelism"),
    "distillation.at_once",
)


class RunFolder:
    """The files of one training run; whoever writes them holds its `lock`.

    Args:
        path: the folder; made if it is missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.environment = self.path / "environment.json"
        self.history = self.path / "history.csv"
        self.samples = self.path / "samples.txt"
        self.model = self.path / "model.keras"
        self.report = self.path / "report.json"
        self.invalid_batch = self.path / "invalid_batch.tsv"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.lock = FolderLock(self.path)

    def check(self, config: ExperimentConfig, accept_changes: bool = False) -> dict[str, Any]:
        """Returns what the configuration changes in the run that the folder holds.

        Args:
            config: the configuration.
            accept_changes: whether the run may go on with another one.

        Returns:
            For each changed field `[before, now]`; empty for the same run or a new one.

        Raises:
            ValueError: if the folder holds a run with another configuration, unless that is
                accepted and only fields that a run may change are others; or what is left of one
                whose configuration is gone.
        """
        if not self.config.exists():
            self._check_nothing_is_left()
            return {}
        changes = _changes(ExperimentConfig.read(self.config), config)
        if not changes:
            return {}
        said = ", ".join(
            f"{name} was {old!r} and is {new!r}" for name, (old, new) in changes.items()
        )
        fixed = sorted(set(changes) - set(CHANGEABLE))
        if accept_changes and not fixed:
            return changes
        way_out = "Name another `output`, or remove the folder."
        if accept_changes:
            way_out = f"A run cannot change {', '.join(fixed)}. {way_out}"
        elif not fixed:
            way_out += " Or let the run go on with it: `accept_changes` (--accept_changes)."
        raise ValueError(f"{self.path} holds a run with another configuration: {said}. {way_out}")

    def open(self, config: ExperimentConfig, environment: dict[str, Any]) -> None:
        """Makes the folder for a run, or finds that of the same run.

        Args:
            config: the run's configuration.
            environment: what the run depends on besides; the first session's is kept.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self.remove_leftovers()
        if not self.environment.exists() or not self.config.exists():
            self._write_json(self.environment, environment)
        # A finished run that goes on is none until its new report is there.
        self.report.unlink(missing_ok=True)
        self.invalid_batch.unlink(missing_ok=True)
        config.write(self.config)

    def stamp(self) -> tuple[int, ...]:
        """Returns what is another number as soon as a run has begun, gone on or ended here."""
        files = (self.config, self.report, self.checkpoints / STATE)
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in files)

    def remove_leftovers(self) -> None:
        """Removes what a kill left half written."""
        remove_leftovers(self.path)
        remove_leftovers(self.checkpoints)

    def check_files(self, files: dict[str, Any]) -> None:
        """Raises if the data is not what it was when the run in the folder began.

        Args:
            files: the fingerprint of each file that the run reads, by its field.

        Raises:
            ValueError: if a file is another one.
        """
        if not self.environment.exists() or not self.config.exists():
            return  # no run: one writes its environment, and then its configuration
        before = json.loads(self.environment.read_text(encoding="utf8"))["files"]
        others = [
            f"{name} ({now['path']})"
            for name, now in files.items()
            if now["sha256"] != before[name]["sha256"]
        ]
        if others:
            raise ValueError(
                f"{self.path} holds a run whose files were others when it began: "
                f"{', '.join(others)}. Put them back, or name another `output`."
            )

    def _check_nothing_is_left(self) -> None:
        # A run writes its configuration before these, and never without it.
        left = [each for each in (self.report, self.checkpoints / STATE) if each.exists()]
        if left:
            names = " and ".join(str(each.relative_to(self.path)) for each in left)
            raise ValueError(
                f"{self.path} holds {names} of a run whose {self.config.name} is gone, so nobody "
                "can say which run it was. Put it back, name another `output`, or remove "
                "the folder."
            )

    def teacher(self, seed: int) -> "RunFolder":
        """Returns the folder of a teacher that the run trains itself.

        Args:
            seed: the teacher's.
        """
        return RunFolder(self.path / "teachers" / str(seed))

    def write_history(self, history: list[dict[str, float]]) -> None:
        """Writes one line an epoch, with the columns in the order in which they came up."""
        write_csv(self.history, history)

    def write_samples(self, samples: list[str]) -> None:
        """Writes the sample translations of all epochs so far."""
        write_text(self.samples, "\n".join(samples))

    def write_report(self, report: dict[str, Any]) -> None:
        """Writes the run's numbers."""
        self._write_json(self.report, report)

    def read_report(self) -> dict[str, Any] | None:
        """Returns the report of a run that has ended, or `None`."""
        if not self.report.exists():
            return None
        return json.loads(self.report.read_text(encoding="utf8"))

    def write_invalid_batch(self, rows: Sequence[Sequence[str]]) -> None:
        """Writes the pairs about which the loss became invalid: step, source, target."""
        write_text(self.invalid_batch, "".join("\t".join(row) + "\n" for row in rows))

    def _write_json(self, path: Path, values: dict[str, Any]) -> None:
        said = json.dumps(finite(values), indent=2, ensure_ascii=False, allow_nan=False)
        write_text(path, said + "\n")


def _changes(before: ExperimentConfig, now: ExperimentConfig) -> dict[str, Any]:
    """For each field that differs, by its dotted name, `[before, now]`."""
    old, new = dict(_fields(before.to_dict())), dict(_fields(now.to_dict()))
    return {name: [old[name], new[name]] for name in new if old[name] != new[name]}


def _fields(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of the sections and those beside them; a field may itself be a mapping."""
    for name, value in tree.items():
        if name in SECTIONS:
            yield from ((f"{name}.{field}", each) for field, each in value.items())
        else:
            yield name, value
