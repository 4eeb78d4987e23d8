"""A search that is killed and started again ends as one that was never killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import SearchSpace, TrialRecord

PROGRAM = """
import sys
from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig
tuning.tune(
    ExperimentConfig.read(sys.argv[1]),
    sys.argv[2],
    tuning.Budget(max_trials=4),
    tuning.SearchSpace.read(sys.argv[3]),
    objective="val_loss",
)
"""


def start(*arguments: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def records(output: Path) -> dict[str, TrialRecord]:
    paths = sorted(output.glob("trials/*/trial.json"))
    return {path.parent.name: TrialRecord.read(path) for path in paths}


def wait_for_a_trial(output: Path, ended: int, process: subprocess.Popen[bytes]) -> None:
    """Until another trial than those has begun to write."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        begun = len(list(output.glob("trials/*/config.yaml")))
        if begun > ended:
            return
        time.sleep(0.1)


@pytest.mark.slow
def test_a_killed_search_ends_as_one_never_killed(
    config: ExperimentConfig, space: SearchSpace, tmp_path: Path
) -> None:
    config.write(tmp_path / "config.yaml")
    space.write(tmp_path / "space.yaml")
    files = (tmp_path / "config.yaml", tmp_path / "whole", tmp_path / "space.yaml")
    assert start(*files).wait() == 0

    output, generator, killed = tmp_path / "killed", random.Random(3), 0
    before: dict[str, TrialRecord] = {}
    for _ in range(2):
        process = start(files[0], output, files[2])
        wait_for_a_trial(output, len(before), process)
        time.sleep(generator.uniform(0.0, 4.0))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = records(output)
        # What had ended is as it was, to the second that it took: it was not run again.
        assert {name: after[name] for name in before} == before
        before = after
    assert killed, "every search ended before it could be killed"
    assert start(files[0], output, files[2]).wait() == 0

    whole, resumed = records(tmp_path / "whole"), records(output)
    assert {name: resumed[name] for name in before} == before
    assert [trial.drawn for trial in resumed.values()] == [t.drawn for t in whole.values()]
    assert [trial.metrics for trial in resumed.values()] == [t.metrics for t in whole.values()]
    assert len(resumed) == 4
    best = (tmp_path / "whole" / "best.yaml").read_text(encoding="utf-8")
    assert (output / "best.yaml").read_text(encoding="utf-8") == best
