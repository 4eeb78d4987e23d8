import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerasseq.commands.process import UsageError
from kerasseq.commands.supervision import supervise

# Dies in each of two trials, then ends with 3.
PROGRAM = """
import os, pathlib, signal, sys
trials = pathlib.Path(sys.argv[1]) / "trials"
deaths = sorted(path.read_text() for path in trials.glob("*/death.txt"))
for path in trials.glob("*/"):
    (path / "trial.json").write_text("{}")
if len(deaths) == 2:
    sys.exit(3 if deaths == ["SIGKILL", "SIGSEGV"] else 4)
(trials / f"{len(deaths):04d}").mkdir(parents=True)
os.kill(os.getpid(), signal.SIGSEGV if deaths else signal.SIGKILL)
"""


def test_a_search_that_dies_is_started_again_and_its_trial_has_failed(tmp_path: Path) -> None:
    # From a process of its own: gRPC, if other tests have loaded it here, can break a fork.
    arguments = ["-c", PROGRAM, str(tmp_path)]
    program = "import sys; from kerasseq.commands.supervision import supervise; "
    program += f"sys.exit(supervise({arguments!r}, {str(tmp_path)!r}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 3


def test_a_search_that_dies_outside_of_a_trial_ends(tmp_path: Path) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    with pytest.raises(UsageError, match="ended by SIGABRT, and not within a trial"):
        supervise(["-c", program], str(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="there, signals are others")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_search_that_is_asked_to_end_ends_and_its_trial_has_not_failed(
    tmp_path: Path, name: str
) -> None:
    trial = tmp_path / "trials" / "0000"
    trial.mkdir(parents=True)
    program = f"import os, signal; os.kill(os.getpid(), signal.{name})"
    with pytest.raises(KeyboardInterrupt):
        supervise(["-c", program], str(tmp_path))
    assert not list(trial.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_a_search_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    inner = f"import os, pathlib, time; pathlib.Path({str(tmp_path / 'pid')!r}).write_text("
    inner += "str(os.getpid())); time.sleep(60)"
    outer = (
        f"from kerasseq.commands.supervision import supervise; supervise(['-c', {inner!r}], '.')"
    )
    with subprocess.Popen([sys.executable, "-c", outer]) as process:
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        process.send_signal(signal.SIGKILL)
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))


@pytest.mark.skipif(sys.platform == "win32", reason="there, signals are others")
def test_an_interrupt_that_the_supervisor_alone_is_sent_ends_the_search(tmp_path: Path) -> None:
    """As by `kill -INT`, or whatever looks after processes; a terminal tells both."""
    begun, told = tmp_path / "begun", tmp_path / "told"
    inner = f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntry:\n    time.sleep(60)"
    inner += f"\nexcept KeyboardInterrupt:\n    pathlib.Path({str(told)!r}).touch()"
    # Processes in the background are begun with this signal ignored.
    outer = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    outer += "from kerasseq.commands import supervision; supervision.PATIENCE = 0.1\n"
    outer += f"supervision.supervise(['-c', {inner!r}], '.')"
    command = [sys.executable, "-c", outer]
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL) as process:
        wait_until(begun.exists)
        time.sleep(0.1)  # until it sleeps
        process.send_signal(signal.SIGINT)
        assert process.wait(30) != 0
    assert told.exists()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Whom nobody has waited for is dead all the same.
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def wait_until(condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
