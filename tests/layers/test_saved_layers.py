"""Runs after the other tests of this folder: loads what they saved, in one fresh process."""

import subprocess
import sys
from pathlib import Path

import pytest

LOAD = """
import pathlib, sys
import keras, kerasseq
import numpy as np

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    model = keras.models.load_model(path)
    arrays = np.load(path.with_suffix(".npz"))
    inputs = [arrays[f"input_{index}"] for index in range(len(model.inputs))]
    outputs = keras.tree.flatten(model(inputs))
    differences = [
        np.max(np.abs(keras.ops.convert_to_numpy(output) - arrays[f"output_{index}"]), initial=0)
        for index, output in enumerate(outputs)
    ]
    if not max(differences) <= 1e-6:
        print(path.stem, differences)
print("loaded all")
"""


def test_saved_layers_give_the_same_numbers_in_a_fresh_process(saved_layers: Path) -> None:
    if not any(saved_layers.glob("*.keras")):
        pytest.skip("no layer was saved in this run")
    found = subprocess.run(
        [sys.executable, "-c", LOAD, str(saved_layers)], capture_output=True, text=True
    )
    assert found.stdout.splitlines() == ["loaded all"], found.stderr[-2000:]
