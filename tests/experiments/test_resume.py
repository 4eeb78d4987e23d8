"""A run that is killed and started again ends as one that was never killed.

The one that is killed runs its operations and trains its teachers side by side, the other one after
the other: that must not change a bit either.
"""

import csv
import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq.experiments import DistillationConfig, ExperimentConfig, TextConfig

PROGRAM = """
import sys
from kerasseq.experiments import ExperimentConfig, train
train(ExperimentConfig.read(sys.argv[1]), sys.argv[2])
"""

# Everything that a run remembers from epoch to epoch, in few runs.
TRAININGS: dict[str, dict[str, Any]] = {
    "plain": {"epochs": 8},
    "plateau": {
        **{"epochs": 24, "steps_per_epoch": 2, "schedule": "plateau", "learning_rate": 0.2},
        **{"patience": 20, "monitor": "val_chrf", "keep_average_of": 3},
    },
    "plateau with averages": {
        **{"epochs": 24, "steps_per_epoch": 2, "schedule": "plateau", "learning_rate": 0.2},
        **{"ema_momentum": 0.5, "accumulation_steps": 3, "monitor": "val_chrf"},
    },
    "averages": {
        **{"epochs": 24, "steps_per_epoch": 3, "ema_momentum": 0.9, "accumulation_steps": 2},
        **{"optimizer": {"name": "adamw", "weight_decay": 0.01}, "evaluate_every": 3},
        **{"average": "last", "keep_average_of": 4},
    },
    "sampling": {
        **{"epochs": 12, "sampling": 0.5, "ema_momentum": 0.9, "schedule": "inverse_square_root"},
        **{"monitor": "val_loss", "patience": 5, "steps_per_epoch": 7},
    },
    "taught": {"epochs": 5},
}


def make_config(
    name: str, tiny_config: Callable[..., ExperimentConfig], **threads: Any
) -> ExperimentConfig:
    config = tiny_config(**TRAININGS[name], **threads)
    if name == "taught":
        at_once = 2 if threads["threads"] > 1 else 1
        taught = DistillationConfig(recipe="small_data", seeds=[2, 3], epochs=4, at_once=at_once)
        return dataclasses.replace(config, distillation=taught)
    if name != "sampling":
        return config
    model = dataclasses.replace(config.model, word_dropout=0.1, scheduled_sampling=0.2)
    return dataclasses.replace(config, model=model, source_text=TextConfig(vocabulary_size=80))


def start(config: Path, output: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", PROGRAM, str(config), str(output)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def kill_at_a_random_moment(
    process: subprocess.Popen[bytes], output: Path, generator: random.Random, seconds: float
) -> bool:
    """Kills a run after its first file and before its end, most often; returns whether it did.

    Tracing takes the first seconds; then an epoch is over within a tenth of a second, and files
    are written for a good part of it.
    """
    before = latest_epoch(output)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if latest_epoch(output) != before:
            break  # it, or a teacher, has trained one epoch
        time.sleep(0.02)
    time.sleep(generator.uniform(0.0, seconds))
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return running


def latest_epoch(output: Path) -> int:
    """When the run or one of its teachers has last ended an epoch, 0 if never."""
    times = [path.stat().st_mtime_ns for path in output.rglob("history.csv")]
    return max(times, default=0)


def final_state(output: Path) -> dict[str, np.ndarray]:
    """All that the last checkpoint holds, and the weights that were chosen."""
    arrays: dict[str, np.ndarray] = {}
    for path in sorted((output / "checkpoints").iterdir()):
        with np.load(path) as file:
            arrays |= {
                f"{path.name} {name}": file[name] for name in file.files if name != "progress"
            }
    return arrays


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_a_killed_run_ends_with_the_weights_of_one_never_killed(
    name: str, tiny_config: Callable[..., ExperimentConfig], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    make_config(name, tiny_config, threads=1).write(config)
    assert start(config, tmp_path / "whole").wait() == 0

    make_config(name, tiny_config, threads=3, parallelism="inter_op").write(config)
    generator, killed = random.Random(name), 0
    output = tmp_path / "killed"
    for _ in range(4):
        killed += kill_at_a_random_moment(start(config, output), output, generator, 1.0)
    assert killed, "every run ended before it could be killed"
    assert start(config, output).wait() == 0

    whole, resumed = final_state(tmp_path / "whole"), final_state(output)
    assert whole.keys() == resumed.keys()
    for key, array in whole.items():
        np.testing.assert_array_equal(array, resumed[key], err_msg=key)
    if name.startswith("plateau"):
        with open(output / "history.csv", encoding="utf8") as history:
            rates = {row["learning_rate"] for row in csv.DictReader(history)}
        assert len(rates) > 1, "the best weights never came back"
    for file in ("history.csv", "samples.txt"):
        text = (tmp_path / "whole" / file).read_text(encoding="utf8")
        assert (output / file).read_text(encoding="utf8") == text
