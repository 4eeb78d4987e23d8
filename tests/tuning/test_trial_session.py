import gc
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Budget, Choice, Range, SearchSpace, TuningListener
from kerasseq.tuning.trial_session import trial_session


class Doubling:
    """Holds a function whose gradient is of its own."""

    def __init__(self) -> None:
        self.function = tf.function(self.double, autograph=False)

    @staticmethod
    @tf.custom_gradient
    def double(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        return 2.0 * x, lambda upstream: 2.0 * upstream

    def slope(self) -> float:
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = self.function(x)
        return float(tape.gradient(y, x))


def test_graphs_with_gradients_of_their_own_do_not_stay() -> None:
    with trial_session():
        doubling = Doubling()
        assert doubling.slope() == 2.0
        graph = weakref.ref(doubling.function.get_concrete_function(tf.constant(3.0)).graph)
        del doubling
    gc.collect()
    assert graph() is None


def test_what_was_made_before_goes_on_and_settings_stay() -> None:
    before, network = Doubling(), keras.Sequential([keras.layers.Dense(2)])
    expected = network(np.ones((1, 3), np.float32))
    assert before.slope() == 2.0
    keras.config.set_floatx("float64")
    try:
        with trial_session():
            Doubling().slope()
        assert keras.config.floatx() == "float64"
    finally:
        keras.config.set_floatx("float32")
    assert before.slope() == 2.0
    np.testing.assert_array_equal(network(np.ones((1, 3), np.float32)), expected)


def resident_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmRSS")


class Meter(TuningListener):
    def __init__(self) -> None:
        self.megabytes: list[float] = []

    def on_trial_end(self, records: object, share: float) -> None:
        self.megabytes.append(resident_megabytes())


@pytest.mark.slow
def test_memory_grows_less_than_100_megabytes_over_20_trials(
    config: ExperimentConfig, tmp_path: Path
) -> None:
    """After the first, which loads what all of them need."""
    if not Path("/proc/self/status").exists():
        pytest.skip("there is no /proc/self/status")
    space = SearchSpace(
        {
            "model.cell": Choice(("gru", "lstm")),
            "training.learning_rate": Range(1e-4, 1e-2, scale="log"),
        }
    )
    meter = Meter()
    tuning.tune(*(config, tmp_path / "search", Budget(max_trials=21), space), listener=meter)
    assert meter.megabytes[20] - meter.megabytes[0] < 100, meter.megabytes
