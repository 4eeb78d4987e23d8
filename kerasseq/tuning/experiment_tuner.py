"""The tuner: KerasTuner's loop over trials that are run folders."""

import contextlib
import dataclasses
import errno
import io
import math
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.network_session import network_session
from kerasseq.translation import Translator
from kerasseq.tuning.budget import Budget
from kerasseq.tuning.deaths import check_death
from kerasseq.tuning.engine import keras_tuner
from kerasseq.tuning.failure import Failure
from kerasseq.tuning.oracles import HyperbandOracle, SearchOracle
from kerasseq.tuning.partial_runs import stopping_after
from kerasseq.tuning.search_folder import SearchFolder
from kerasseq.tuning.sequence_to_sequence_hyper_model import SequenceToSequenceHyperModel
from kerasseq.tuning.trained_trial import TrainedTrial
from kerasseq.tuning.trial_progress import SearchInterrupted, TrialProgress
from kerasseq.tuning.trial_record import FAILED, TrialRecord
from kerasseq.tuning.tuning_listener import TuningListener
from kerasseq.tuning.tuning_result import best_of

# A disk that is full or cannot be written: every trial would fail of it.
NO_FAULT_OF_A_TRIAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


class ExperimentTuner(keras_tuner.Tuner):
    """Runs the trials that an oracle asks for, each once, and writes down what came of them.

    The oracle is a function of its seed and of the results. So a session that goes on after
    another does not read the oracle's state, which KerasTuner writes in place and at moments of its
    own: it begins anew, and a trial that has ended is answered from its record instead of being
    run. A trial that was killed goes on from its last epoch.

    Args:
        oracle: chooses the trials.
        hypermodel: makes and trains them.
        folder: where everything is written.
        budget: when the search ends.
        listener: told what happens.
    """

    def __init__(
        self,
        oracle: SearchOracle,
        hypermodel: SequenceToSequenceHyperModel,
        folder: SearchFolder,
        budget: Budget,
        listener: TuningListener,
    ) -> None:
        # Without the hypermodel, which KerasTuner would let build a network to see the space: the
        # oracle knows the whole space.
        with contextlib.redirect_stdout(io.StringIO()):
            super().__init__(
                oracle, directory=str(folder.path), project_name="keras_tuner", overwrite=True
            )
        self.hypermodel = hypermodel
        self.folder = folder
        self.budget = budget
        self.listener = listener
        self.records: list[TrialRecord] = []
        self._started = time.monotonic()
        self._earlier = 0.0
        oracle.verbose = 0
        oracle.is_over = self.is_over

    @property
    def elapsed(self) -> float:
        """Wall seconds of the search, over all sessions."""
        return self._earlier + time.monotonic() - self._started

    def is_over(self) -> bool:
        """Returns whether the budget is spent, between two trials."""
        # What an earlier session has run is part of the search, whatever the budget is now.
        follows = self.folder.read_record(f"{len(self.records):04d}")
        return follows is None and self.share() >= 1.0

    def share(self, target_tokens: int = 0) -> float:
        """Returns how much of the budget is spent, from 0 to 1; a trial counts when it has ended.

        Args:
            target_tokens: what the trial that runs has learnt from.
        """
        tokens = sum(record.target_tokens for record in self.records) + target_tokens
        return self.budget.share(self.elapsed, tokens, len(self.records))

    def run_trial(self, trial: Any, *arguments: Any, **options: Any) -> dict[str, float]:
        """Returns the scores of a trial, run now or in an earlier session.

        A failed trial has a number that nobody reads, and `on_trial_end` says that it failed:
        KerasTuner would print the traceback of an error into the table.

        Raises:
            SearchInterrupted: if something went wrong that is not the trial's fault.
        """
        try:
            record = self._find(trial) or self._run(trial)
            self.records.append(record)
            self._publish()
        except Exception as error:
            raise SearchInterrupted from error
        return dict(record.metrics) or {self.oracle.objective.name: 0.0}

    def on_trial_end(self, trial: Any) -> None:
        """Tells the oracle how a trial has ended."""
        record = self.records[-1]
        if record.status == FAILED:
            trial.status = keras_tuner.engine.trial.TrialStatus.FAILED
            trial.message = record.reason
        super().on_trial_end(trial)

    def load_model(self, trial: Any) -> keras.Model:
        """Returns the trained network of a trial."""
        return Translator.load(self.folder.trial(trial.trial_id) / "model.keras").network

    def config_of(self, record: TrialRecord) -> ExperimentConfig:
        """Returns the configuration that trains a completed trial again, to the same scores.

        Args:
            record: the trial.
        """
        hyperparameters = self.oracle.get_space()
        hyperparameters.values = dict(record.drawn)
        return stopping_after(self.hypermodel.trial_config(hyperparameters), record.epochs)

    def _find(self, trial: Any) -> TrialRecord | None:
        """The record of a trial that an earlier session has run."""
        record = self.folder.read_record(trial.trial_id)
        if record is None:
            return None
        drawn, now = dict(record.drawn), dict(trial.hyperparameters.values)
        if drawn != now:
            raise ValueError(
                f"{self.folder.trial(trial.trial_id)} holds a trial with other values than are "
                f"drawn now: {drawn} then, {now} now. Another version of a package draws "
                "otherwise: name another `output`."
            )
        self._earlier = max(self._earlier, record.elapsed)
        return record

    def _run(self, trial: Any) -> TrialRecord:
        drawn = dict(trial.hyperparameters.values)
        values = self.hypermodel.trial_values(trial.hyperparameters)
        self.listener.on_trial_begin(trial.trial_id, values)
        before = self._before(drawn)
        progress = TrialProgress(
            trial.trial_id,
            self.hypermodel.objective.name,
            self.listener,
            self.share,
            len(self.hypermodel.pairs.train),
            0 if before is None else before.total_tokens,
        )
        started = time.monotonic()
        came_of_it, details = attempt(lambda: self._train(trial, before, progress), progress)
        record = TrialRecord(trial.trial_id, values, drawn, **came_of_it)
        record = dataclasses.replace(
            record,
            target_tokens=record.total_tokens - progress.tokens_before,
            seconds=round(time.monotonic() - started, 3),
            elapsed=round(self.elapsed, 3),
        )
        self.folder.write_record(record, details)
        if not isinstance(self.oracle, HyperbandOracle):  # which goes on from them
            shutil.rmtree(self.folder.trial(trial.trial_id) / "checkpoints", ignore_errors=True)
        return record

    def _before(self, drawn: Mapping[str, Any]) -> TrialRecord | None:
        """The trial whose training a trial goes on with, as Hyperband says."""
        before = drawn.get("tuner/trial_id")
        return next((each for each in self.records if each.trial_id == before), None)

    def _train(
        self, trial: Any, before: TrialRecord | None, progress: TrialProgress
    ) -> TrainedTrial:
        folder = self.folder.trial(trial.trial_id)
        check_death(folder)
        folder.mkdir(parents=True, exist_ok=True)  # whose process dies now, died in this trial
        trained = self.hypermodel.train(
            self.hypermodel.trial_config(trial.hyperparameters),
            folder,
            go_on_from=None if before is None else self.folder.trial(before.trial_id),
            watch=progress.watch,
        )
        score = trained.metrics[self.oracle.objective.name]
        if not math.isfinite(score):
            raise FloatingPointError(f"{self.oracle.objective.name} is {score}")
        return trained

    def _publish(self) -> None:
        """Shows the trials so far, as files and to the listener."""
        self.folder.write_table(self.records)
        objective = self.oracle.objective
        best = best_of(self.records, objective.name, objective.direction)
        if best is not None:
            self.folder.write_best(self.config_of(best))
        self.listener.on_trial_end(tuple(self.records), self.share())


def attempt(
    train: Callable[[], TrainedTrial], progress: TrialProgress
) -> tuple[dict[str, Any], str]:
    """Trains, and returns what came of it as fields of a record, with the details of a failure.

    Whatever the error is, it ends this trial alone, and nothing keeps what it held; but where
    nothing can be written, the search ends, and the trial goes on when there is room.

    Args:
        train: trains the trial.
        progress: what is known of a trial that fails.
    """
    with network_session():
        try:
            return train()._asdict(), ""
        except OSError as error:
            if error.errno in NO_FAULT_OF_A_TRIAL:
                raise SearchInterrupted(str(error)) from error
            failure = Failure.of(error)
        except Exception as error:
            failure = Failure.of(error)
    fields = {"status": FAILED, "kind": failure.kind, "reason": failure.reason}
    return {**fields, **progress.spent()}, failure.details
