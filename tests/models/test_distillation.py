"""A network that learns from others: what its loss becomes, and what does not change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasseq.models import SequenceToSequence
from kerasseq.training import Distillation, Perplexity, TokenCrossentropy

Array = np.ndarray


def student_and_teachers(
    make: Callable[..., Any], teachers: int = 2, **options: Any
) -> list[SequenceToSequence]:
    networks = [make(**options), *(make() for _ in range(teachers))]
    generator = np.random.default_rng(5)
    for network in networks:
        network.set_weights(
            [generator.normal(0, 0.5, w.shape).astype(w.dtype) for w in network.get_weights()]
        )
    return networks


def probabilities(network: SequenceToSequence, batch: Any) -> Array:
    return ops.convert_to_numpy(ops.softmax(network(batch.inputs))).astype("float64")


def compiled(network: SequenceToSequence, run_eagerly: bool = False) -> SequenceToSequence:
    """A network that may learn; eagerly, where a few steps are not worth a graph."""
    network.compile(
        keras.optimizers.SGD(0.5),
        TokenCrossentropy(label_smoothing=0.1),
        metrics=[Perplexity(name="perplexity")],
        run_eagerly=run_eagerly,
    )
    return network


def expected_loss(student: Any, teachers: Any, batch: Any, weight: float) -> float:
    labels = 0.9 * np.eye(12)[batch.labels] + 0.1 / 12
    theirs = np.mean([probabilities(teacher, batch) for teacher in teachers], axis=0)
    targets = (1 - weight) * labels + weight * theirs
    losses = -(targets * np.log(probabilities(student, batch))).sum(-1)
    return float(losses[batch.labels != 0].mean())


@pytest.mark.parametrize(("weight", "weighted"), [(0.3, True), (1.0, False)])
def test_labels_and_teachers_share_the_loss(
    plain_network: Callable[..., Any], batch: Any, weight: float, weighted: bool
) -> None:
    student, *teachers = student_and_teachers(plain_network)
    expected = expected_loss(student, teachers, batch, weight)
    before = [network.get_weights() for network in teachers]
    student.distillation = Distillation(teachers, weight)
    real = (batch.labels != 0).astype("float32")
    weights = real * real.size / real.sum() if weighted else None
    logs = compiled(student).train_on_batch(batch.inputs, batch.labels, weights, return_dict=True)
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)
    for teacher, was in zip(teachers, before, strict=True):
        for now, then in zip(teacher.get_weights(), was, strict=True):
            np.testing.assert_array_equal(now, then)


@pytest.mark.backend
def test_any_function_may_teach(plain_network: Callable[..., Any], batch: Any) -> None:
    (student,) = student_and_teachers(plain_network, teachers=0)
    logits = np.random.default_rng(1).normal(size=(*batch.labels.shape, 12)).astype("float32")

    def teacher(inputs: Any, training: bool) -> Any:
        assert not training
        return ops.convert_to_tensor(logits)

    theirs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    targets = 0.7 * (0.9 * np.eye(12)[batch.labels] + 0.1 / 12) + 0.3 * theirs
    losses = -(targets * np.log(probabilities(student, batch))).sum(-1)
    student.distillation = Distillation([teacher], 0.3)
    compiled(student, run_eagerly=keras.backend.backend() == "tensorflow")
    logs = student.train_on_batch(batch.inputs, batch.labels, return_dict=True)
    assert logs["loss"] == pytest.approx(losses[batch.labels != 0].mean(), rel=1e-5)


def test_what_teachers_said_before_counts_as_if_they_were_asked(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    student, *teachers = student_and_teachers(plain_network)
    expected = expected_loss(student, teachers, batch, 0.3)
    said = np.mean([probabilities(teacher, batch) for teacher in teachers], axis=0)

    def ask(inputs: Any, training: bool) -> Any:
        raise AssertionError("asked again")

    student.distillation = Distillation([ask], 0.3)
    targets = (batch.labels, said.astype("float32"))
    dataset = tf.data.Dataset.from_tensors((tuple(batch.inputs), targets))
    logs = compiled(student).fit(dataset, shuffle=False, verbose=0).history
    assert logs["loss"] == [pytest.approx(expected, rel=1e-5)]
    compiled(student).evaluate(dataset, verbose=0)


@pytest.mark.slow
def test_the_student_comes_to_say_what_the_teachers_say(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    student, *teachers = student_and_teachers(plain_network)
    student.distillation = Distillation(teachers, weight=1.0)
    student.compile(keras.optimizers.Adam(0.1), TokenCrossentropy())
    for _ in range(60):
        student.train_on_batch(batch.inputs, batch.labels)
    real = batch.labels != 0
    theirs = np.mean([probabilities(teacher, batch) for teacher in teachers], axis=0)
    np.testing.assert_allclose(probabilities(student, batch)[real], theirs[real], atol=0.05)


def test_evaluation_and_metrics_know_nothing_of_teachers(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    student, *teachers = student_and_teachers(plain_network)
    compiled(student, run_eagerly=True)
    alone = student.test_on_batch(batch.inputs, batch.labels, return_dict=True)
    student.distillation = Distillation(teachers)
    compiled(student, run_eagerly=True)
    assert student.test_on_batch(batch.inputs, batch.labels, return_dict=True) == alone
    logs = student.train_on_batch(batch.inputs, batch.labels, return_dict=True)
    assert logs["perplexity"] == pytest.approx(alone["perplexity"], rel=1e-5)


def test_penalties_of_layers_keep_their_weight(composition: Any, batch: Any) -> None:
    class Penalty(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(ops.convert_to_tensor(10.0))
            return inputs

    memory, state = composition.encode()
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    network = compiled(
        composition.network(Penalty()(composition.head()(outputs))), run_eagerly=True
    )
    network.distillation = Distillation([network], weight=0.5)
    loss = network.train_on_batch(batch.inputs, batch.labels, return_dict=True)["loss"]
    assert 10.0 < loss < 15.0


def test_inputs_by_name_are_not_swapped(plain_network: Callable[..., Any], batch: Any) -> None:
    student, *teachers = student_and_teachers(plain_network)
    expected = expected_loss(student, teachers, batch, 0.5)
    student.distillation = Distillation(teachers)
    named = {"target_ids": batch.target_ids, "source_ids": batch.source_ids}
    loss = compiled(student, run_eagerly=True).train_on_batch(
        named, batch.labels, return_dict=True
    )["loss"]
    assert loss == pytest.approx(expected, rel=1e-5)


def test_it_goes_with_scheduled_sampling(plain_network: Callable[..., Any], batch: Any) -> None:
    student, *teachers = student_and_teachers(plain_network, scheduled_sampling=0.9, seed=1)
    student.distillation = Distillation(teachers)
    assert np.isfinite(
        compiled(student, run_eagerly=True).train_on_batch(batch.inputs, batch.labels)[0]
    )


def test_a_file_has_nothing_of_the_teachers(
    plain_network: Callable[..., Any], batch: Any, tmp_path: Path
) -> None:
    student, *teachers = student_and_teachers(plain_network)
    count = len(student.weights)
    student.distillation = Distillation(teachers)
    compiled(student, run_eagerly=True).train_on_batch(batch.inputs, batch.labels)
    assert len(student.weights) == count
    student.save(tmp_path / "student.keras")
    again = keras.models.load_model(tmp_path / "student.keras")
    assert again.distillation is None
    assert len(again.weights) == count
