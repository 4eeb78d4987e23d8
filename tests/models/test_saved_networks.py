"""Runs after the other tests of this folder: loads what they saved, in one fresh process."""

import subprocess
import sys
from pathlib import Path

import pytest

LOAD = """
import pathlib, sys
import kerasseq
import keras
import numpy as np

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    network = keras.models.load_model(path)
    arrays = np.load(path.with_suffix(".npz"))
    logits = keras.ops.convert_to_numpy(network([arrays["source"], arrays["target"]]))
    difference = np.max(np.abs(logits - arrays["logits"]))
    if not difference <= 1e-6:
        print(path.stem, difference)
print("loaded all")
"""


def test_saved_networks_give_the_same_logits_in_a_fresh_process(saved_networks: Path) -> None:
    if not any(saved_networks.glob("*.keras")):
        pytest.skip("no network was saved in this run")
    found = subprocess.run(
        [sys.executable, "-c", LOAD, str(saved_networks)], capture_output=True, text=True
    )
    assert found.stdout.splitlines() == ["loaded all"], found.stderr[-2000:]
