"""Checkpoints: everything that decides how a run goes on, in files that are never half written."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasseq.files import written_beside

STATE = "state.npz"


class Checkpoints:
    """The checkpoints of one run.

    `state.npz` holds the network's variables (dropout seeds included), the optimiser's, the arrays
    of callbacks, and what the run knows of itself as JSON. It is replaced at the end of every
    epoch. The weights of the best or last epochs lie beside it, a file an epoch.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save_state(
        self,
        network: keras.Model,
        progress: dict[str, Any],
        callbacks: Mapping[str, Sequence[np.ndarray]] | None = None,
    ) -> None:
        """Writes what a killed run needs to go on exactly.

        Args:
            network: the network, compiled and trained.
            progress: what the run knows of itself, as JSON can hold it.
            callbacks: arrays that callbacks keep, by a name for each callback.
        """
        arrays = {f"network_{i}": _array(v) for i, v in enumerate(network.variables)}
        variables = network.optimizer.variables
        arrays |= {f"optimizer_{i}": _array(v) for i, v in enumerate(variables)}
        for name, kept in (callbacks or {}).items():
            arrays |= {f"{name}_{i}": array for i, array in enumerate(kept)}
        arrays["progress"] = np.array(json.dumps(progress))
        self._write(self.folder / STATE, arrays)

    def restore_state(self, network: keras.Model) -> dict[str, Any] | None:
        """Puts the last checkpoint back into a network, and returns its progress.

        Args:
            network: the network, compiled, its optimiser built.

        Returns:
            What `save_state` was given, or `None` if there is no checkpoint.

        Raises:
            ValueError: if the checkpoint is damaged or of another network.
        """
        path = self.folder / STATE
        if not path.exists():
            return None
        arrays, progress = _read(path)
        _check(network.variables, arrays, "network", path)
        _check(network.optimizer.variables, arrays, "optimizer", path)
        _assign(network.variables, arrays, "network")
        _assign(network.optimizer.variables, arrays, "optimizer")
        return progress

    def change_progress(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replaces what a run knows of itself in the last checkpoint, and nothing else.

        Args:
            change: from what is known to what is known from now on, as JSON can hold it.

        Raises:
            ValueError: if the checkpoint is damaged.
        """
        arrays, progress = _read(self.folder / STATE)
        arrays["progress"] = np.array(json.dumps(change(progress)))
        self._write(self.folder / STATE, arrays)

    def load_arrays(self, name: str) -> list[np.ndarray]:
        """Returns the arrays of a callback in the last checkpoint; none if it kept none."""
        with np.load(self.folder / STATE, allow_pickle=False) as arrays:
            count = sum(each.startswith(f"{name}_") for each in arrays.files)
            return [arrays[f"{name}_{i}"] for i in range(count)]

    def save_weights(self, network: keras.Model, epoch: int) -> None:
        """Writes the weights of an epoch.

        Args:
            network: the network.
            epoch: counted from 1.
        """
        weights = {f"weight_{i}": _array(w) for i, w in enumerate(network.get_weights())}
        self._write(self._weights_path(epoch), weights)

    def load_weights(self, epoch: int) -> list[np.ndarray]:
        """Returns the weights of an epoch that `save_weights` wrote."""
        with np.load(self._weights_path(epoch), allow_pickle=False) as arrays:
            return [arrays[f"weight_{i}"] for i in range(len(arrays.files))]

    def keep_weights(self, epochs: list[int]) -> None:
        """Removes the weights of all epochs but these."""
        kept = {self._weights_path(epoch) for epoch in epochs}
        for path in self.folder.glob("weights_*.npz"):
            if path not in kept:
                os.remove(path)

    def _weights_path(self, epoch: int) -> Path:
        return self.folder / f"weights_{epoch:04d}.npz"

    def _write(self, path: Path, arrays: dict[str, Any]) -> None:
        with written_beside(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a checkpoint, and its progress; raises if it is damaged."""
    try:
        # NumPy does not close a file that turns out to be no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
        return arrays, json.loads(str(arrays["progress"]))
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError) as error:
        raise ValueError(f"The checkpoint {path} is damaged: {error}") from error


def _array(values: Any) -> np.ndarray:
    """As NumPy's files can hold it: they know no bfloat16, and float32 holds all of it."""
    array = np.asarray(values)
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


def _check(variables: list[Any], arrays: dict[str, Any], prefix: str, path: Path) -> None:
    count = sum(name.startswith(f"{prefix}_") for name in arrays)
    if count != len(variables):
        raise ValueError(
            f"The checkpoint {path} is of another run: it holds {count} variables of the "
            f"{prefix}, and there are {len(variables)}."
        )
    for index, variable in enumerate(variables):
        shape = arrays[f"{prefix}_{index}"].shape
        if shape != tuple(variable.shape):
            raise ValueError(
                f"The checkpoint {path} is of another run: its {prefix} has shape {shape} where "
                f"{variable.path} has {tuple(variable.shape)}. Have the training pairs changed?"
            )


def _assign(variables: list[Any], arrays: dict[str, Any], prefix: str) -> None:
    for index, variable in enumerate(variables):
        variable.assign(arrays[f"{prefix}_{index}"])
