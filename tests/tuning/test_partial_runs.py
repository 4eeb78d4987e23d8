import dataclasses
import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq.experiments import ExperimentConfig, RunState
from kerasseq.experiments.checkpoints import STATE
from kerasseq.tuning.partial_runs import stopping_after, take_over


def test_to_stop_after_the_last_epoch_is_not_to_stop(config: ExperimentConfig) -> None:
    assert stopping_after(config, 1).training.stop_after == 1
    assert stopping_after(config, 2) == config
    assert stopping_after(config, None) == config


def write_run(folder: Path, state: RunState) -> Path:
    """What of a run's folder another run takes over."""
    (folder / "checkpoints").mkdir(parents=True)
    progress = np.array(json.dumps(state.to_dict()))
    np.savez(folder / "checkpoints" / STATE, network_0=np.arange(3.0), progress=progress)
    (folder / "checkpoints" / "weights_0001.npz").write_text("weights")
    (folder / "history.csv").write_text("epoch")
    return folder


def test_what_another_run_has_done_is_taken_over_whole(
    config: ExperimentConfig, tmp_path: Path
) -> None:
    before = write_run(tmp_path / "before", RunState(epoch=2, waited=1))
    # As a kill in the middle of copying leaves it.
    (tmp_path / "after" / "checkpoints.unfinished").mkdir(parents=True)
    take_over(before, tmp_path / "after", config)
    with np.load(tmp_path / "after" / "checkpoints" / STATE) as arrays:
        assert arrays["network_0"].tolist() == [0, 1, 2]
        assert json.loads(str(arrays["progress"])) == RunState(epoch=2, waited=1).to_dict()
    assert (tmp_path / "after" / "checkpoints" / "weights_0001.npz").read_text() == "weights"
    assert ExperimentConfig.read(tmp_path / "after" / "config.yaml") == config
    names = {path.name for path in (tmp_path / "after").iterdir()}
    assert names == {"checkpoints", "config.yaml", "history.csv"}


@pytest.mark.parametrize(("waited", "stopped"), [(1, False), (2, True)])
def test_a_run_goes_on_from_one_that_a_budget_cut_short_but_not_beyond_its_patience(
    config: ExperimentConfig, tmp_path: Path, waited: int, stopped: bool
) -> None:
    before = write_run(tmp_path / "before", RunState(epoch=3, waited=waited, stopped=True))
    training = dataclasses.replace(config.training, patience=2)
    take_over(before, tmp_path / "after", dataclasses.replace(config, training=training))
    with np.load(tmp_path / "after" / "checkpoints" / STATE) as arrays:
        assert json.loads(str(arrays["progress"]))["stopped"] is stopped


def test_a_disk_that_is_full_is_told_as_such(
    config: ExperimentConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it ends the search, and fails no trial."""
    before = write_run(tmp_path / "before", RunState(epoch=2))

    copy = shutil.copyfile

    def refuse(source: Any, target: Any, **options: Any) -> Any:
        if os.fspath(source).endswith(".npz"):
            raise OSError(errno.ENOSPC, "No space left on device", os.fspath(target))
        return copy(source, target, **options)

    monkeypatch.setattr(shutil, "copyfile", refuse)
    with pytest.raises(OSError, match="No space left on device") as caught:
        take_over(before, tmp_path / "after", config)
    assert caught.value.errno == errno.ENOSPC
    assert not (tmp_path / "after" / "checkpoints").exists()
