import pytest

from kerasseq.tuning import TrialRecord, TuningResult


def record(trial_id: str, loss: float | None) -> TrialRecord:
    if loss is None:
        return TrialRecord(trial_id, {}, {}, "failed", "crash", "ValueError: too bad")
    return TrialRecord(trial_id, {}, {}, metrics={"val_loss": loss})


def test_the_best_is_the_first_of_the_best() -> None:
    trials = [record("0000", None), record("0001", 2.0), record("0002", 1.0), record("0003", 1.0)]
    assert TuningResult("runs", "val_loss", "min", trials).best.trial_id == "0002"
    assert TuningResult("runs", "val_loss", "max", trials).best.trial_id == "0001"


def test_without_a_completed_trial_the_reasons_are_told() -> None:
    trials = [record("0000", None), record("0001", None)]
    with pytest.raises(
        ValueError, match="was completed; 2 failed. First of all: ValueError: too bad"
    ):
        _ = TuningResult("runs", "val_loss", "min", trials).best
    with pytest.raises(ValueError, match=r"was completed; 0 failed\. .*: none was begun\."):
        _ = TuningResult("runs", "val_loss", "min", []).best
