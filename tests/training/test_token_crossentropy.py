import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.training import TokenAccuracy, TokenCrossentropy

LABELS = np.array([[2, 1, 0], [3, 0, 0]], "int32")
LOGITS = np.log(
    np.array(
        [
            [[0.1, 0.2, 0.5, 0.2], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]],
            [[0.2, 0.2, 0.2, 0.4], [0.1, 0.1, 0.1, 0.7], [0.1, 0.1, 0.1, 0.7]],
        ]
    )
).astype("float32")
TOKEN_MEAN = -np.log(0.5 * 0.25 * 0.4) / 3  # three real tokens


def expected_losses(labels: np.ndarray, logits: np.ndarray, smoothing: float) -> np.ndarray:
    """-sum_v q(v) log p(v) in float64, q = (1 - smoothing) one-hot + smoothing / vocabulary."""
    logits = logits.astype("float64")
    shifted = logits - logits.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    size = logits.shape[-1]
    q = (1 - smoothing) * np.eye(size)[labels] + smoothing / size
    return -(q * log_p).sum(-1)


def token_weights(labels: np.ndarray) -> np.ndarray:
    """What `training_dataset` yields: mask x (positions / real tokens) of the whole batch."""
    mask = (labels != 0).astype("float32")
    return mask * mask.size / mask.sum()


def loss_and_gradient(
    loss: TokenCrossentropy, labels: np.ndarray, logits: np.ndarray, weights: np.ndarray | None
) -> tuple[float, np.ndarray]:
    import tensorflow as tf

    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = loss(tf.constant(labels), variable, weights)
    return float(value), tape.gradient(value, variable).numpy()


@pytest.mark.backend
def test_without_weights_it_is_the_mean_over_real_tokens() -> None:
    value = float(ops.convert_to_numpy(TokenCrossentropy()(LABELS, LOGITS)))
    assert value == pytest.approx(TOKEN_MEAN, rel=1e-6)


@pytest.mark.backend
def test_the_weights_of_a_training_dataset_give_the_same_mean() -> None:
    value = TokenCrossentropy()(LABELS, LOGITS, token_weights(LABELS))
    assert float(ops.convert_to_numpy(value)) == pytest.approx(TOKEN_MEAN, rel=1e-6)


@pytest.mark.backend
def test_it_returns_unreduced_values() -> None:
    values = ops.convert_to_numpy(TokenCrossentropy().call(LABELS, LOGITS))
    expected = expected_losses(LABELS, LOGITS, 0.0) * (LABELS != 0)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_reductions_other_than_the_mean_leave_padding_out_too() -> None:
    unreduced = ops.convert_to_numpy(TokenCrossentropy(reduction=None)(LABELS, LOGITS))
    expected = expected_losses(LABELS, LOGITS, 0.0) * (LABELS != 0)
    np.testing.assert_allclose(unreduced, expected, rtol=1e-5)
    total = float(TokenCrossentropy(reduction="sum")(LABELS, LOGITS))
    assert total == pytest.approx(3 * TOKEN_MEAN, rel=1e-6)


def test_a_weight_for_a_sentence_scales_its_tokens() -> None:
    weights = np.array([0.0, 3.0], "float32")
    for given in (weights, weights[:, None]):
        only_second = TokenCrossentropy()(LABELS, LOGITS, given)
        assert float(only_second) == pytest.approx(-np.log(0.4), rel=1e-6)


def test_weights_of_one_token_each_hold_their_factor() -> None:
    labels, logits = LABELS[:, :1], LOGITS[:, :1]
    weights = np.full(labels.shape, 2.0, "float32")
    twice = float(TokenCrossentropy()(labels, logits, weights))
    assert twice == pytest.approx(2 * float(TokenCrossentropy()(labels, logits)), rel=1e-6)


def test_padding_never_counts_even_when_its_weight_says_so() -> None:
    ones = np.ones(LABELS.shape, "float32")
    value = float(TokenCrossentropy(reduction="sum")(LABELS, LOGITS, ones))
    assert value == pytest.approx(3 * TOKEN_MEAN, rel=1e-6)


def test_more_padding_changes_nothing() -> None:
    labels = np.pad(LABELS, ((0, 0), (0, 5)))
    logits = np.pad(LOGITS, ((0, 0), (0, 5), (0, 0)), constant_values=0.5)
    assert float(TokenCrossentropy()(labels, logits)) == pytest.approx(TOKEN_MEAN, rel=1e-6)


def test_a_network_may_forbid_padding() -> None:
    """A logit of -inf at the id that only padding has."""
    logits = LOGITS.copy()
    logits[..., 0] = -np.inf
    value, gradient = loss_and_gradient(TokenCrossentropy(), LABELS, logits, None)
    rest, _ = loss_and_gradient(TokenCrossentropy(), LABELS, np.maximum(logits, -1e9), None)
    assert value == pytest.approx(rest)
    assert np.all(np.isfinite(gradient))


def test_another_pad_id_is_left_out_instead_of_zero() -> None:
    value = float(TokenCrossentropy(pad_id=1)(LABELS, LOGITS))
    expected = expected_losses(LABELS, LOGITS, 0.0)[LABELS != 1].mean()
    assert value == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_label_smoothing_is_even_over_the_whole_vocabulary(smoothing: float) -> None:
    values = TokenCrossentropy(label_smoothing=smoothing).call(LABELS, LOGITS)
    expected = expected_losses(LABELS, LOGITS, smoothing) * (LABELS != 0)
    np.testing.assert_allclose(ops.convert_to_numpy(values), expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_is_probabilities_minus_the_smoothed_label(smoothing: float) -> None:
    weights = token_weights(LABELS)
    loss = TokenCrossentropy(label_smoothing=smoothing)
    _, gradient = loss_and_gradient(loss, LABELS, LOGITS, weights)

    def mean(logits: np.ndarray) -> float:
        return float((expected_losses(LABELS, logits, smoothing) * weights).mean())

    step, finite = 1e-5, np.zeros(LOGITS.shape)
    for cell in np.ndindex(*LOGITS.shape):
        moved = LOGITS.astype("float64")
        moved[cell] += step
        above = mean(moved)
        moved[cell] -= 2 * step
        finite[cell] = (above - mean(moved)) / (2 * step)
    np.testing.assert_allclose(gradient, finite, atol=1e-6)


def test_extreme_logits_give_the_closed_form() -> None:
    logits = np.array([[[1e4, -1e4, -1e4], [1e4, -1e4, -1e4]]], "float32")
    labels = np.array([[0, 1]], "int32")
    value, gradient = loss_and_gradient(TokenCrossentropy(pad_id=2), labels, logits, None)
    assert value == pytest.approx((0 + 2e4) / 2)
    np.testing.assert_allclose(gradient[0], [[0.0, 0.0, 0.0], [0.5, -0.5, 0.0]], atol=1e-7)


def test_a_wide_vocabulary_of_equal_logits_is_the_logarithm_of_its_size() -> None:
    value = TokenCrossentropy(label_smoothing=0.1)(
        np.array([[7]], "int32"), np.full((1, 1, 8000), 1e4, "float32")
    )
    assert float(value) == pytest.approx(np.log(8000), rel=1e-6)


@pytest.mark.parametrize("weights", [None, np.zeros((2, 2), "float32")])
def test_a_batch_of_nothing_but_padding_is_zero_with_a_zero_gradient(
    weights: np.ndarray | None,
) -> None:
    logits = np.array([[[9.0, -9.0]] * 2] * 2, "float32")
    value, gradient = loss_and_gradient(
        TokenCrossentropy(label_smoothing=0.1), np.zeros((2, 2), "int32"), logits, weights
    )
    assert value == 0.0
    assert not gradient.any()


def test_bfloat16_logits_are_summed_in_float32_and_get_a_bfloat16_gradient() -> None:
    logits = ops.cast(LOGITS, "bfloat16")
    rounded = ops.convert_to_numpy(ops.cast(logits, "float32"))
    value, gradient = loss_and_gradient(TokenCrossentropy(), LABELS, logits, None)
    assert value == pytest.approx(expected_losses(LABELS, rounded, 0.0)[LABELS != 0].mean(), 1e-6)
    assert gradient.dtype.name == "bfloat16"


def test_a_keras_mask_on_the_logits_is_ignored() -> None:
    logits = ops.convert_to_tensor(LOGITS)
    logits._keras_mask = ops.convert_to_tensor([[True, False, False], [True, False, False]])
    value = TokenCrossentropy()(LABELS, logits, token_weights(LABELS))
    assert float(value) == pytest.approx(TOKEN_MEAN, rel=1e-6)


def test_eager_equals_graph_with_unknown_sizes() -> None:
    import tensorflow as tf

    signature = [tf.TensorSpec((None, None), "int32"), tf.TensorSpec((None, None, 4), "float32")]
    traced = tf.function(TokenCrossentropy(label_smoothing=0.1), input_signature=signature)
    eager = TokenCrossentropy(label_smoothing=0.1)(LABELS, LOGITS)
    assert float(traced(LABELS, LOGITS)) == pytest.approx(float(eager), rel=1e-6)


def test_a_batch_of_no_sentence_costs_nothing() -> None:
    labels, logits = np.zeros((0, 3), "int32"), np.zeros((0, 3, 5), "float32")
    for smoothing in (0.0, 0.1):
        assert float(TokenCrossentropy(smoothing)(labels, logits)) == 0
    metric = TokenAccuracy()
    metric.update_state(labels, logits)
    assert float(metric.result()) == 0


def test_one_weight_for_all_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`sample_weight` must have a weight for each .* scalar"):
        TokenCrossentropy()(np.ones((2, 3), "int32"), np.zeros((2, 3, 5)), 2.0)


def test_config_round_trip() -> None:
    loss = TokenCrossentropy(label_smoothing=0.1, pad_id=3, reduction="sum", name="loss_of_mine")
    config = {"label_smoothing": 0.1, "pad_id": 3, "reduction": "sum", "name": "loss_of_mine"}
    assert loss.get_config() == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert isinstance(again, TokenCrossentropy)
    assert again.get_config() == config


@pytest.mark.parametrize(
    ("labels_shape", "received"),
    [
        ((2, 3, 4), r"labels \(2, 3, 4\), logits \(2, 3, 4\)"),
        ((2,), r"labels \(2,\), logits \(2, 3, 4\)"),
        ((2, 4), r"labels \(2, 4\), logits \(2, 3, 4\)"),
    ],
)
def test_labels_that_do_not_fit_are_an_error(labels_shape: tuple[int, ...], received: str) -> None:
    with pytest.raises(ValueError, match=r"`TokenCrossentropy` needs labels .*" + received):
        TokenCrossentropy()(np.zeros(labels_shape, "int32"), LOGITS)


def test_arguments_out_of_range_are_errors() -> None:
    with pytest.raises(ValueError, match=r"`label_smoothing` .* \[0, 1\)\. Received: 1.0"):
        TokenCrossentropy(label_smoothing=1.0)
    with pytest.raises(ValueError, match=r"`pad_id` .* at least 0. Received: -1"):
        TokenCrossentropy(pad_id=-1)


def test_mean_is_another_word_for_the_default() -> None:
    labels, logits = np.array([[2, 0]]), np.log([[[0.25, 0.25, 0.5], [0.8, 0.1, 0.1]]])
    value = TokenCrossentropy(reduction="mean")(labels, logits.astype("float32"))
    assert float(value) == pytest.approx(np.log(2))
