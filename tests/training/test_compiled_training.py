"""Loss, metrics and optimiser together: in one traced step, in one file, on two devices."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasseq.training import (
    FusedAdam,
    Perplexity,
    SequenceAccuracy,
    TokenAccuracy,
    TokenCrossentropy,
)

INPUTS = np.array([[4, 2, 3], [1, 5, 5]], "int32")
LABELS = np.array([[2, 3, 1], [5, 0, 0]], "int32")
WEIGHTS = (LABELS != 0).astype("float32") * 6 / 4
VOCABULARY_SIZE = 6


def compiled_network(
    optimizer: keras.optimizers.Optimizer, dtype: str = "float32", **options: object
) -> keras.Model:
    keras.utils.set_random_seed(0)
    token_ids = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(VOCABULARY_SIZE, 5, dtype=dtype)(token_ids)
    logits = keras.layers.Dense(VOCABULARY_SIZE, dtype=dtype)(hidden)
    network = keras.Model(token_ids, logits)
    network.compile(
        optimizer,
        TokenCrossentropy(label_smoothing=0.1),
        weighted_metrics=[TokenAccuracy(), SequenceAccuracy(), Perplexity()],
        **options,
    )
    return network


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_traced_train_step_computes_one_softmax_for_loss_and_metrics(dtype: str) -> None:
    from tensorflow.python.eager import context

    network = compiled_network(FusedAdam(0.01), dtype)
    context.context().enable_run_metadata()
    network.train_on_batch(INPUTS, LABELS, WEIGHTS)
    graphs = context.context().export_run_metadata().function_graphs
    context.context().disable_run_metadata()
    counts = []
    for graph in graphs:
        optimised = graph.post_optimization_graph
        nodes = [*optimised.node, *(n for f in optimised.library.function for n in f.node_def)]
        counts.append(sum("Softmax" in node.op for node in nodes))
    assert max(counts) == 1


def test_a_compiled_network_comes_back_from_one_file_and_goes_on(tmp_path: Path) -> None:
    network = compiled_network(FusedAdam(0.01, global_clipnorm=1.0), run_eagerly=True)
    network.train_on_batch(INPUTS, LABELS, WEIGHTS)
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    assert isinstance(again.optimizer, FusedAdam)
    assert again.loss.get_config() == network.loss.get_config()
    again.run_eagerly = True
    results = again.train_on_batch(INPUTS, LABELS, WEIGHTS, return_dict=True)
    assert results.keys() == {"loss", "token_accuracy", "sequence_accuracy", "perplexity"}
    network.train_on_batch(INPUTS, LABELS, WEIGHTS)
    for ours, theirs in zip(again.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-7)


TWO_DEVICES = """
import sys
import numpy as np, keras, tensorflow as tf
from kerasseq.training import TokenAccuracy, TokenCrossentropy

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
labels = np.array([[2, 3, 1, 4], [5, 1, 2, 3], [3, 0, 0, 0], [4, 2, 0, 0]], "int32")
inputs = np.array([[4, 2, 3, 5], [1, 5, 5, 2], [2, 2, 3, 4], [5, 1, 4, 3]], "int32")
weights = (labels != 0).astype("float32") * 16 / 11  # 8 real tokens on one device, 3 on the other

def train(strategy):
    with strategy.scope():
        keras.utils.set_random_seed(1)
        token_ids = keras.Input((None,), dtype="int32")
        logits = keras.layers.Dense(6)(keras.layers.Embedding(6, 5)(token_ids))
        network = keras.Model(token_ids, logits)
        network.compile(
            keras.optimizers.SGD(1.0), TokenCrossentropy(label_smoothing=0.1),
            weighted_metrics=[TokenAccuracy()])
    before = [np.array(weight) for weight in network.get_weights()]
    data = tf.data.Dataset.from_tensors((inputs, labels, weights))
    history = network.fit(data, epochs=2, shuffle=False, verbose=0).history
    moved = [new - old for new, old in zip(network.get_weights(), before)]
    return history, np.concatenate([change.ravel() for change in moved])

one, one_moved = train(tf.distribute.OneDeviceStrategy("CPU:0"))
two, two_moved = train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
assert np.abs(one_moved).max() > 0.1, one_moved
np.testing.assert_allclose(two_moved, one_moved, rtol=0, atol=1e-6)
np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-6)
assert two["token_accuracy"] == one["token_accuracy"]
"""


WHOLE_NETWORK = """
import numpy as np, keras, tensorflow as tf
from kerasseq import data, models, text, training

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
dates = data.generate_dates(80, 1)
pairs = data.Pairs(dates.targets, dates.sources)  # targets of many lengths
codecs = [
    text.TextCodec.train(side, tokenizer="character") for side in (pairs.sources, pairs.targets)]

def small_network():
    return models.build(
        "bidirectional_luong", *(codec.vocabulary_size for codec in codecs), dropout=0.0,
        embedding_units=6, encoder_units=5, decoder_units=8)

WEIGHT = 0.0
teacher = small_network()
teacher.set_weights([3 * weight for weight in teacher.get_weights()])

def train(strategy, num_replicas):
    dataset = data.training_dataset(
        pairs, *codecs, batch_size=7, seed=3, num_replicas=num_replicas)
    if WEIGHT and num_replicas == 2:  # what the teacher says is asked before, or in each step
        dataset = data.as_dataset(batches, soft_labels=data.SoftLabels(
            batches, training.Distillation([teacher]).probabilities, codecs[1].vocabulary_size))
    with strategy.scope():
        keras.utils.set_random_seed(1)
        network = small_network()
        network.compile(
            keras.optimizers.SGD(1.0), training.TokenCrossentropy(label_smoothing=0.1),
            weighted_metrics=[training.TokenAccuracy()], jit_compile=False)
    network.distillation = training.Distillation([teacher], WEIGHT) if WEIGHT else None
    before = [np.array(weight) for weight in network.get_weights()]
    history = network.fit(dataset, epochs=2, shuffle=False, verbose=0).history
    moved = [new - old for new, old in zip(network.get_weights(), before)]
    return history, np.concatenate([change.ravel() for change in moved])

batches = data.training_batches(pairs, *codecs, batch_size=7, seed=3, num_replicas=2)
halves = [[half.sum() for half in np.split(batches.at(step)[1] != 0, 2)] for step in range(8)]
assert any(rows % 2 for rows in map(len, batches.plan(0))), "no batch needs a row of padding"
assert sum(first != second for first, second in halves) > 4, halves

# Not `OneDeviceStrategy`, which takes batches ahead as several devices do.
_, one_moved = train(tf.distribute.get_strategy(), 1)
two, two_moved = train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), 2)
assert np.abs(one_moved).max() > 0.1, one_moved
np.testing.assert_allclose(two_moved, one_moved, rtol=0, atol=1e-6)
# The loss of an epoch weighs batches by their rows: equal where one device has the same rows.
padded, padded_moved = train(tf.distribute.get_strategy(), 2)
np.testing.assert_allclose(padded_moved, one_moved, rtol=0, atol=1e-6)
np.testing.assert_allclose(two["loss"], padded["loss"], rtol=1e-6)
np.testing.assert_allclose(two["token_accuracy"], padded["token_accuracy"], rtol=1e-6)
"""

# So few batches that the devices take all of them while Keras looks at the first.
SHORT = WHOLE_NETWORK.replace("generate_dates(80, 1)", "generate_dates(28, 1)")
DISTILLED = WHOLE_NETWORK.replace("WEIGHT = 0.0", "WEIGHT = 0.6")


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(TWO_DEVICES, id="a small network"),
        pytest.param(WHOLE_NETWORK, id="encoder and decoder", marks=pytest.mark.slow),
        pytest.param(SHORT, id="epochs of four batches", marks=pytest.mark.slow),
        pytest.param(DISTILLED, id="with a teacher", marks=pytest.mark.slow),
    ],
)
def test_two_devices_make_the_loss_and_the_update_of_one(program: str) -> None:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
