import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerasseq.experiments import folder_lock
from kerasseq.experiments.folder_lock import FolderLock

pytest.importorskip("fcntl")

HOLD = """
import sys, time
from kerasseq.experiments.folder_lock import FolderLock
lock = FolderLock(sys.argv[1])
lock.hold()
print("held", flush=True)
time.sleep(600)
"""


def test_one_process_holds_a_folder_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            message = rf"run is in use by process {process.pid} of .*Wait"
            with pytest.raises(ValueError, match=message):
                FolderLock(folder).hold()
        finally:
            process.kill()
    with FolderLock(folder).held():
        pass


def test_a_lock_that_was_released_leaves_nothing_and_can_be_held_again(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    with first.held():
        with pytest.raises(ValueError, match="is in use by process"):
            second.hold()
        first.hold()  # by whoever holds it already
    assert list(tmp_path.iterdir()) == []
    with second.held(), pytest.raises(ValueError, match="is in use"):
        first.hold()
    first.release()  # which it did not hold


def test_a_lock_on_a_file_that_is_gone_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who held the folder removes the file after another has opened it, and before it locks."""
    holder, waiting, third = (FolderLock(tmp_path) for _ in range(3))
    holder.hold()
    try_lock = folder_lock._try_lock

    def late(file: Any) -> bool:
        holder.release()  # the first time; then there is nothing to release
        return try_lock(file)

    monkeypatch.setattr(folder_lock, "_try_lock", late)
    with waiting.held(), pytest.raises(ValueError, match="is in use by process"):
        third.hold()


def test_the_file_of_a_lock_goes_before_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it may be the file of who has locked it meanwhile."""
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.hold()
    remove = os.remove

    def removing(path: Any) -> None:
        with pytest.raises(ValueError, match="is in use by process"):
            second.hold()
        remove(path)

    monkeypatch.setattr(os, "remove", removing)
    first.release()
