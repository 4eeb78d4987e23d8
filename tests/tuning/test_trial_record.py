from pathlib import Path

from kerasseq.tuning import TrialRecord


def test_a_record_is_read_back_to_the_last_digit(tmp_path: Path) -> None:
    record = TrialRecord(
        "0003",
        {"training.learning_rate": 0.1 + 0.2, "model.bridge": {"name": "dense"}},
        {"training.learning_rate": 0.1 + 0.2, "model.bridge": '{"name": "dense"}'},
        metrics={"val_loss": 1 / 3},
        seconds=1.5,
    )
    record.write(tmp_path / "trial.json")
    assert TrialRecord.read(tmp_path / "trial.json") == record
    assert [path.name for path in tmp_path.iterdir()] == ["trial.json"]
