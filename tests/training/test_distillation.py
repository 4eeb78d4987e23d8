from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.training import Distillation
from kerasseq.training.token_crossentropy import smoothed_crossentropy, soft_crossentropy

Array = np.ndarray

INPUTS = [np.array([[4, 3], [5, 3]], "int32"), np.array([[2, 1, 0], [2, 0, 0]], "int32")]
LABELS = np.array([[2, 1, 0], [3, 0, 0]], "int32")
REAL = LABELS != 0
GENERATOR = np.random.default_rng(3)
LOGITS, FIRST, SECOND = GENERATOR.normal(size=(3, 2, 3, 4)).astype("float32")


def softmax(logits: Array) -> Array:
    exponentials = np.exp(logits.astype("float64"))
    return exponentials / exponentials.sum(-1, keepdims=True)


def crossentropies(targets: Array, logits: Array) -> Array:
    return -(targets * np.log(softmax(logits))).sum(-1)


def teacher(logits: Array) -> Callable[..., Any]:
    """A network that answers the same to everything, in inference alone."""

    def answer(inputs: Sequence[Array], training: bool) -> Any:
        assert not training
        for given, expected in zip(inputs, INPUTS, strict=True):
            np.testing.assert_array_equal(ops.convert_to_numpy(given), expected)
        return ops.convert_to_tensor(logits)

    return answer


BOTH = [teacher(FIRST), teacher(SECOND)]
MEAN = (softmax(FIRST) + softmax(SECOND)) / 2


@pytest.mark.backend
def test_it_is_the_crossentropy_with_the_mean_of_the_teachers_probabilities() -> None:
    loss = Distillation(BOTH, weight=0.3)(INPUTS, LABELS, LOGITS)
    expected = 0.3 * crossentropies(MEAN, LOGITS)[REAL].mean()
    assert float(ops.convert_to_numpy(loss)) == pytest.approx(expected, rel=1e-5)


def test_the_weights_of_a_training_dataset_give_the_same_mean() -> None:
    weights = REAL * (REAL.size / REAL.sum()).astype("float32")
    loss = Distillation(BOTH, weight=1)(INPUTS, LABELS, LOGITS, weights)
    assert float(loss) == pytest.approx(crossentropies(MEAN, LOGITS)[REAL].mean(), rel=1e-5)


def test_padding_does_not_count_whatever_the_teachers_say_there() -> None:
    strange = np.where(REAL[..., None], FIRST, 1e4).astype("float32")
    losses = [
        float(Distillation([teacher(logits)])(INPUTS, LABELS, LOGITS))
        for logits in (FIRST, strange)
    ]
    assert losses[0] == losses[1]


def test_a_logit_of_minus_infinity_costs_nothing_where_no_teacher_says_it() -> None:
    said, logits = FIRST.copy(), LOGITS.copy()
    said[..., 3] = logits[..., 3] = -np.inf
    loss = Distillation([teacher(said)], weight=1)(INPUTS, LABELS, logits)
    expected = crossentropies(softmax(said[..., :3]), logits[..., :3])[REAL].mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_another_pad_id_is_left_out() -> None:
    loss = Distillation(BOTH, weight=1.0, pad_id=1)(INPUTS, LABELS, LOGITS)
    expected = crossentropies(MEAN, LOGITS)[LABELS != 1].mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_half_precision_of_a_teacher_does_not_reach_the_softmax() -> None:
    def answer(inputs: Any, training: bool) -> Any:
        return ops.cast(FIRST, "bfloat16")

    rounded = ops.convert_to_numpy(ops.cast(ops.cast(FIRST, "bfloat16"), "float32"))
    probabilities = Distillation([answer]).probabilities(INPUTS)
    np.testing.assert_allclose(probabilities, softmax(rounded).reshape(-1, 4), rtol=1e-6)


def test_the_gradient_is_the_students_probabilities_minus_the_teachers() -> None:
    import tensorflow as tf

    logits, learnt = tf.Variable(LOGITS), tf.Variable(FIRST)
    with tf.GradientTape() as tape:
        loss = Distillation([lambda inputs, training: learnt], weight=0.5)(INPUTS, LABELS, logits)
    ours, theirs = tape.gradient(loss, [logits, learnt])
    expected = 0.5 * (softmax(LOGITS) - softmax(FIRST)) * REAL[..., None] / REAL.sum()
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    assert theirs is None


@pytest.mark.backend
def test_a_smoothed_label_is_one_of_the_distributions() -> None:
    flat = LOGITS.reshape(-1, 4)
    labels = LABELS.reshape(-1)
    targets = 0.9 * np.eye(4, dtype="float32")[labels] + np.float32(0.1 / 4)
    soft = soft_crossentropy(ops.convert_to_tensor(targets), ops.convert_to_tensor(flat))
    hard = smoothed_crossentropy(labels, ops.convert_to_tensor(flat), 0.1)
    np.testing.assert_allclose(
        ops.convert_to_numpy(soft), ops.convert_to_numpy(hard), rtol=1e-5, atol=1e-6
    )


def test_logits_far_apart_do_not_overflow() -> None:
    targets = ops.convert_to_tensor([[0.5, 0.5]])
    loss = soft_crossentropy(targets, ops.convert_to_tensor([[500.0, -500.0]]))
    assert float(loss[0]) == 500.0


@pytest.mark.parametrize("weight", [0, -0.5, 1.5, "half"])
def test_a_weight_that_is_no_share_is_refused(weight: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"`weight` must be .*Received: .?{weight}"):
        Distillation(BOTH, weight)


def test_no_teacher_is_refused() -> None:
    with pytest.raises(ValueError, match="`teachers` must be at least one network"):
        Distillation([])
