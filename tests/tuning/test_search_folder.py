import csv
from pathlib import Path

import pytest

from kerasseq.files import written_beside
from kerasseq.tuning import TrialRecord
from kerasseq.tuning.search_folder import SearchFolder


def test_another_search_is_refused_with_what_differs(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path / "search")
    folder.open({"seed": 1, "space": {"model.cell": ["gru"]}, "objective": "val_loss"})
    folder.open({"seed": 1, "space": {"model.cell": ["gru"]}, "objective": "val_loss"})
    with pytest.raises(ValueError, match="holds a search with another seed and space"):
        folder.open({"seed": 2, "space": {}, "objective": "val_loss"})


def test_a_search_that_did_not_write_down_its_data_goes_on(tmp_path: Path) -> None:
    """As the first ones did not."""
    SearchFolder(tmp_path / "search").open({"seed": 1})
    SearchFolder(tmp_path / "search").open({"seed": 1, "data": {"train": "5e1f"}})
    with pytest.raises(ValueError, match="holds a search with another seed"):
        SearchFolder(tmp_path / "search").open({"seed": 2, "data": {"train": "5e1f"}})


def test_what_a_killed_session_left_half_written_is_removed(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    with written_beside(folder.best) as unfinished:
        folder.open({"seed": 1})
        assert not Path(unfinished).exists()
        Path(unfinished).write_text("")  # as if nobody had
    assert {path.name for path in tmp_path.iterdir()} == {"best.yaml", "search.yaml"}


def test_a_record_is_there_when_all_of_it_is(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    assert folder.read_record("0000") is None
    record = TrialRecord("0000", {}, {}, "failed", "crash", "ValueError: x")
    folder.write_record(record, "Traceback ...")
    assert folder.read_record("0000") == record
    assert (tmp_path / "trials/0000/error.txt").read_text() == "Traceback ..."


def test_the_table_has_a_line_a_trial_and_a_column_a_field(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    done = TrialRecord("0000", {"model.cell": "gru"}, {}, metrics={"val_loss": 1.5}, epochs=3)
    failed = TrialRecord("0001", {"model.dropout": 0.1}, {}, "failed", "nan", "a, b")
    folder.write_table([done, failed])
    with open(folder.table, encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert (first["trial"], first["status"], first["val_loss"]) == ("0000", "completed", "1.5")
    assert (first["model.cell"], first["model.dropout"]) == ("gru", "")
    assert (second["kind"], second["reason"], second["val_loss"]) == ("nan", "a, b", "")
