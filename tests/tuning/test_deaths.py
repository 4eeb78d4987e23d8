from pathlib import Path

import pytest

from kerasseq.tuning.deaths import ProcessDiedError, check_death, mark_death


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
