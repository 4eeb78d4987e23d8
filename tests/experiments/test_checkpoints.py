"""Everything that decides how a run goes on, written and read back."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.experiments.checkpoints import STATE, Checkpoints

PROGRESS = {"epoch": 3, "history": [{"loss": 0.1}], "samples": ["på -> on"], "stopped": False}


def network(optimizer: str = "adam", use_bias: bool = True, inputs: int = 3) -> keras.Model:
    """Weights 0, 1, 2 and a bias; dropout has a seed of its own, which is a variable too."""
    made = keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dropout(0.5, seed=1),
            keras.layers.Dense(1, use_bias=use_bias),
        ]
    )
    made.compile(optimizer, loss="mse", run_eagerly=True)
    made.optimizer.build(made.trainable_variables)
    made.set_weights(
        [np.arange(float(inputs)).reshape(inputs, 1), *([np.ones(1)] if use_bias else [])]
    )
    return made


def values(variables: list[Any]) -> list[Any]:
    return [np.asarray(variable).tolist() for variable in variables]


def train(trained: keras.Model, steps: int) -> None:
    for _ in range(steps):
        trained.train_on_batch(np.ones((2, 3), "float32"), np.ones((2, 1), "float32"))


def test_bfloat16_comes_back_as_it_was(tmp_path: Path) -> None:
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, dtype="bfloat16")])
    made.compile("adam", loss="mse", run_eagerly=True)
    made.optimizer.build(made.trainable_variables)
    before = [np.asarray(weight, "float32") for weight in made.get_weights()]
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(made, PROGRESS)
    checkpoints.save_weights(made, 1)
    made.set_weights([0 * weight for weight in made.get_weights()])
    checkpoints.restore_state(made)
    for restored, kept, weight in zip(
        made.get_weights(), checkpoints.load_weights(1), before, strict=True
    ):
        np.testing.assert_array_equal(np.asarray(restored, "float32"), weight)
        np.testing.assert_array_equal(kept, weight)


def test_a_restored_network_trains_on_as_the_one_that_was_saved(tmp_path: Path) -> None:
    saved, restored = network(), network()
    train(saved, 2)
    Checkpoints(tmp_path).save_state(saved, PROGRESS)
    assert Checkpoints(tmp_path).restore_state(restored) == PROGRESS
    for each in (saved, restored):
        train(each, 2)
    assert values(restored.variables) == values(saved.variables)
    assert values(restored.optimizer.variables) == values(saved.optimizer.variables)


def test_there_is_nothing_to_restore_at_first(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "checkpoints").restore_state(network()) is None


def test_a_later_state_replaces_the_earlier_one(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(network(), {"epoch": 1})
    checkpoints.save_state(network(), {"epoch": 2})
    assert checkpoints.restore_state(network()) == {"epoch": 2}
    assert [path.name for path in tmp_path.iterdir()] == [STATE]


def test_an_interrupted_save_leaves_the_earlier_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(network(), {"epoch": 1})

    def fail(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.save_state(network(), {"epoch": 2})
    assert checkpoints.restore_state(network()) == {"epoch": 1}


def damage(content: bytes, kind: str) -> bytes:
    half = len(content) // 2
    flipped = bytes([content[half] ^ 255])
    return {
        "empty": b"",
        "another file": b"loss,val_bleu\n" * 99,
        "cut": content[:half],
        "one byte": content[:half] + flipped + content[half + 1 :],
    }[kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "No data left"),
        ("another file", "pickled"),
        ("cut", "not a zip file"),
        ("one byte", "Bad CRC-32"),
    ],
)
def test_a_damaged_state_is_an_error_with_its_file(tmp_path: Path, kind: str, reason: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(network(), PROGRESS)
    path = tmp_path / STATE
    path.write_bytes(damage(path.read_bytes(), kind))
    message = rf"^The checkpoint {re.escape(str(path))} is damaged: .*{reason}"
    with pytest.raises(ValueError, match=message):
        checkpoints.restore_state(network())


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({"use_bias": False}, "holds 3 variables of the network, and there are 2"),
        ({"optimizer": "sgd"}, "holds 6 variables of the optimizer, and there are 2"),
    ],
)
def test_a_state_of_another_network_or_optimiser_says_so(
    tmp_path: Path, options: dict[str, Any], counts: str
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(network(), PROGRESS)
    message = rf"^The checkpoint {re.escape(str(tmp_path / STATE))} is of another run: it {counts}"
    with pytest.raises(ValueError, match=message):
        checkpoints.restore_state(network(**options))


def test_a_state_of_other_shapes_says_so_and_changes_nothing(tmp_path: Path) -> None:
    checkpoints, other = Checkpoints(tmp_path), network(inputs=4)
    checkpoints.save_state(network(), PROGRESS)
    before = values(other.variables)
    message = r"another run: its network has shape \(3, 1\) where .*kernel has \(4, 1\)\. Have"
    with pytest.raises(ValueError, match=message):
        checkpoints.restore_state(other)
    assert values(other.variables) == before


def test_the_weights_of_an_epoch_come_back_as_they_were(tmp_path: Path) -> None:
    checkpoints, saved = Checkpoints(tmp_path), network()
    checkpoints.save_weights(saved, epoch=7)
    loaded = checkpoints.load_weights(7)
    assert values(loaded) == values(saved.get_weights())
    assert [array.dtype for array in loaded] == [array.dtype for array in saved.get_weights()]


def test_weights_keep_their_order_beyond_nine(tmp_path: Path) -> None:
    layers = [keras.layers.Dense(1, use_bias=False) for _ in range(12)]
    deep = keras.Sequential([keras.Input((1,)), *layers])
    deep.set_weights([np.full((1, 1), float(i)) for i in range(12)])
    Checkpoints(tmp_path).save_weights(deep, 1)
    assert [array.item() for array in Checkpoints(tmp_path).load_weights(1)] == list(range(12))


def test_only_the_weights_that_are_kept_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_state(network(), PROGRESS)
    for epoch in (1, 2, 3, 10):
        checkpoints.save_weights(network(), epoch)
    checkpoints.keep_weights([10, 2])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [STATE, "weights_0002.npz", "weights_0010.npz"]
