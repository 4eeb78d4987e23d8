"""A run that is killed and started again ends as one that was never killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerasseq.experiments import ExperimentConfig

PROGRAM = """
import sys
from kerasseq.experiments import ExperimentConfig, train
train(ExperimentConfig.read(sys.argv[1]), sys.argv[2])
"""


def start(config: Path, output: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", PROGRAM, str(config), str(output)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def final_state(output: Path) -> dict[str, np.ndarray]:
    with np.load(output / "checkpoints" / "state.npz") as arrays:
        return {name: arrays[name] for name in arrays.files if name != "progress"}


@pytest.mark.slow
def test_a_killed_run_ends_with_the_weights_of_one_never_killed(
    tiny_config: Callable[..., ExperimentConfig], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    tiny_config(epochs=6).write(config)
    assert start(config, tmp_path / "whole").wait() == 0

    generator, killed = random.Random(4), 0
    output = tmp_path / "killed"
    for _ in range(3):
        process = start(config, output)
        deadline = time.monotonic() + 60
        # Killed at a random moment after it has begun to write, most often within an epoch.
        while not (output / "config.yaml").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(generator.uniform(4.0, 9.0))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed, "every run ended before it could be killed"
    assert start(config, output).wait() == 0

    whole, resumed = final_state(tmp_path / "whole"), final_state(output)
    assert whole.keys() == resumed.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)
    history = (tmp_path / "whole" / "history.csv").read_text(encoding="utf8")
    assert (output / "history.csv").read_text(encoding="utf8") == history
