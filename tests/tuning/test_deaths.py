import errno
from pathlib import Path
from typing import Any

import pytest

from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Budget, SearchSpace, TuningListener
from kerasseq.tuning.deaths import ProcessDiedError, check_death, mark_death
from kerasseq.tuning.experiment_tuner import attempt
from kerasseq.tuning.trained_trial import TrainedTrial
from kerasseq.tuning.trial_progress import SearchInterrupted, TrialProgress


def trial(output: Path, trial_id: str, ended: bool = False) -> Path:
    folder = output / "trials" / trial_id
    folder.mkdir(parents=True)
    if ended:
        (folder / "trial.json").write_text("{}")
    return folder


def test_the_trial_that_ran_is_the_one_that_died(tmp_path: Path) -> None:
    assert mark_death(tmp_path, "SIGSEGV") is None
    trial(tmp_path, "0000", ended=True)
    assert mark_death(tmp_path, "SIGSEGV") is None
    folder = trial(tmp_path, "0001")
    check_death(folder)
    assert mark_death(tmp_path, "SIGSEGV") == "0001"
    with pytest.raises(ProcessDiedError, match="the process was ended by SIGSEGV"):
        check_death(folder)
    # To die again before another trial has begun is no trial's fault.
    assert mark_death(tmp_path, "SIGSEGV") is None


def test_what_the_out_of_memory_killer_sends_is_a_matter_of_memory(tmp_path: Path) -> None:
    folder = trial(tmp_path, "0000")
    mark_death(tmp_path, "SIGKILL")
    with pytest.raises(MemoryError, match="ended by SIGKILL, as happens when memory runs out"):
        check_death(folder)


def test_of_several_trials_without_a_record_the_last_one_died(tmp_path: Path) -> None:
    for trial in ("0000", "0001"):
        (tmp_path / "trials" / trial).mkdir(parents=True)
    assert mark_death(tmp_path, "SIGSEGV") == "0001"


def test_a_trial_whose_process_died_has_failed_and_is_not_tried_again(
    config: ExperimentConfig, space: SearchSpace, trainer: Any, tmp_path: Path
) -> None:
    output = tmp_path / "search"

    def die(config: ExperimentConfig) -> float:
        # The folder of the trial is there: whoever saw the death can say whose it was.
        assert mark_death(output, "SIGKILL") == "0000"
        raise KeyboardInterrupt

    train, trainer.loss = trainer.loss, die
    with pytest.raises(KeyboardInterrupt):
        tuning.tune(config, output, Budget(max_trials=2), space)
    trainer.loss = train
    first, second = tuning.tune(config, output, Budget(max_trials=2), space).trials
    assert (first.status, first.kind) == ("failed", "memory")
    assert first.reason.startswith("MemoryError: the process was ended by SIGKILL")
    assert second.status == "completed"
    assert len(trainer.ran) == 1


@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EIO"])
def test_what_every_trial_would_fail_of_ends_the_search(code: str) -> None:
    def train() -> TrainedTrial:
        raise OSError(getattr(errno, code), "cannot be written", "state.npz")

    progress = TrialProgress("0000", "val_loss", TuningListener(), lambda tokens: 0.0, 10)
    with pytest.raises(SearchInterrupted, match="cannot be written") as caught:
        attempt(train, progress)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.usefixtures("trainer")
def test_a_file_that_one_trial_lacks_is_its_own_failure() -> None:
    def train() -> TrainedTrial:
        raise FileNotFoundError(errno.ENOENT, "No such file", "teacher.keras")

    progress = TrialProgress("0000", "val_loss", TuningListener(), lambda tokens: 0.0, 10)
    came_of_it, details = attempt(train, progress)
    assert (came_of_it["status"], came_of_it["kind"]) == ("failed", "crash")
    assert "teacher.keras" in details


def test_a_disk_that_is_full_is_no_failure_of_a_trial(
    config: ExperimentConfig, space: SearchSpace, trainer: Any, tmp_path: Path
) -> None:
    def loss(config: ExperimentConfig) -> float:
        if len(trainer.ran) == 1:
            raise OSError(errno.ENOSPC, "No space left on device", "state.npz")
        return 1.0

    def search() -> tuning.TuningResult:
        return tuning.tune(config, tmp_path / "search", Budget(max_trials=3), space)

    trainer.loss = loss
    with pytest.raises(OSError, match="No space left on device"):
        search()
    trainer.loss = lambda config: 1.0  # there is room again
    assert [trial.status for trial in search().trials] == ["completed"] * 3
