from pathlib import Path

from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning.partial_runs import stopping_after, take_over


def test_to_stop_after_the_last_epoch_is_not_to_stop(config: ExperimentConfig) -> None:
    assert stopping_after(config, 1).training.stop_after == 1
    assert stopping_after(config, 2) == config
    assert stopping_after(config, None) == config


def test_what_another_run_has_done_is_taken_over_whole(
    config: ExperimentConfig, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    (before / "checkpoints").mkdir(parents=True)
    (before / "checkpoints" / "state.npz").write_text("state")
    (before / "history.csv").write_text("epoch")
    # As a kill in the middle of copying leaves it.
    (tmp_path / "after" / "checkpoints.unfinished").mkdir(parents=True)
    take_over(before, tmp_path / "after", config)
    assert (tmp_path / "after" / "checkpoints" / "state.npz").read_text() == "state"
    assert ExperimentConfig.read(tmp_path / "after" / "config.yaml") == config
    names = {path.name for path in (tmp_path / "after").iterdir()}
    assert names == {"checkpoints", "config.yaml", "history.csv"}
