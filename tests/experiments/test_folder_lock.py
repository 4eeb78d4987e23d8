import subprocess
import sys
from pathlib import Path

import pytest

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
