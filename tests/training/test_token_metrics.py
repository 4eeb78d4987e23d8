import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.training import (
    Perplexity,
    SequenceAccuracy,
    TokenAccuracy,
    TokenCrossentropy,
    TokenMetric,
)

LABELS = np.array([[2, 1, 3], [3, 0, 0]], "int32")
LOGITS = np.log(
    np.array(
        [
            [[0.1, 0.2, 0.5, 0.2], [0.25, 0.25, 0.25, 0.25], [0.1, 0.6, 0.2, 0.1]],
            [[0.2, 0.2, 0.2, 0.4], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]],
        ]
    )
).astype("float32")
PROBABILITIES = (0.5, 0.25, 0.1, 0.4)  # of the four real tokens; the third is wrong
METRICS = (TokenAccuracy, SequenceAccuracy, Perplexity)


def value_of(metric: TokenMetric) -> float:
    return float(ops.convert_to_numpy(metric.result()))


@pytest.mark.backend
def test_values_over_the_real_tokens() -> None:
    assert value_of_batch(TokenAccuracy()) == 3 / 4  # a tie of all four counts as right
    assert value_of_batch(SequenceAccuracy()) == 1 / 2
    assert value_of_batch(Perplexity()) == pytest.approx(np.prod(PROBABILITIES) ** (-1 / 4), 1e-6)


def value_of_batch(metric: TokenMetric) -> float:
    metric.update_state(LABELS, LOGITS)
    return value_of(metric)


@pytest.mark.parametrize("member", METRICS)
def test_the_size_of_a_weight_plays_no_part(member: type[TokenMetric]) -> None:
    weighted = member()
    for row, scale in ((0, 1.0), (1, 17.0)):  # each batch is scaled on its own
        weights = (LABELS[row : row + 1] != 0) * np.float32(scale)
        weighted.update_state(LABELS[row : row + 1], LOGITS[row : row + 1], weights)
    assert value_of(weighted) == pytest.approx(value_of_batch(member()), rel=1e-6)


def test_a_weight_of_zero_leaves_a_token_out() -> None:
    weights = np.array([[1, 1, 0], [1, 0, 0]], "float32")
    for member, expected in ((TokenAccuracy, 1.0), (SequenceAccuracy, 1.0)):
        metric = member()
        metric.update_state(LABELS, LOGITS, weights)
        assert value_of(metric) == expected


def test_a_weight_of_zero_leaves_a_sentence_out() -> None:
    metric = SequenceAccuracy()
    metric.update_state(LABELS, LOGITS, np.array([1.0, 0.0], "float32"))
    assert value_of(metric) == 0.0
    assert float(metric.count.numpy()) == 1.0


def test_a_sentence_of_padding_is_not_a_right_sentence() -> None:
    metric = SequenceAccuracy()
    metric.update_state(np.zeros((3, 2), "int32"), np.zeros((3, 2, 4), "float32"))
    assert float(metric.count.numpy()) == 0.0
    assert value_of(metric) == 0.0


@pytest.mark.parametrize("member", METRICS)
def test_reset_forgets(member: type[TokenMetric]) -> None:
    metric = member()
    metric.update_state(LABELS[:1], LOGITS[:1])
    metric.reset_state()
    assert value_of_batch(metric) == value_of_batch(member())


def test_perplexity_of_extreme_logits_is_finite_where_the_label_wins() -> None:
    metric = Perplexity()
    metric.update_state(np.array([[1, 1]]), np.array([[[-1e4, 1e4], [0.0, 0.0]]], "float32"), None)
    assert value_of(metric) == pytest.approx(2**0.5, rel=1e-6)


def test_bfloat16_logits_count_in_float32() -> None:
    metric = TokenAccuracy()
    logits = ops.one_hot(np.ones((1, 1000), "int32"), 4, dtype="bfloat16")
    for _ in range(3):
        metric.update_state(np.ones((1, 1000), "int32"), logits)
    assert float(metric.count.numpy()) == 3000.0  # bfloat16 would stop at 256
    assert value_of(metric) == 1.0


def test_keras_knows_which_way_is_better() -> None:
    for metric, patience_ends in ((Perplexity(), True), (TokenAccuracy(), False)):
        model = keras.Sequential(
            [keras.Input((None,), dtype="int32"), keras.layers.Embedding(4, 4)]
        )
        model.compile("sgd", TokenCrossentropy(), weighted_metrics=[metric], run_eagerly=True)
        model.evaluate(np.ones((1, 2), "int32"), np.ones((1, 2), "int32"), verbose=0)
        stopping = keras.callbacks.EarlyStopping(f"val_{metric.name}", patience=1)
        stopping.set_model(model)
        stopping.on_train_begin()
        for epoch, value in enumerate((0.5, 0.6)):
            stopping.on_epoch_end(epoch, {f"val_{metric.name}": value})
        assert model.stop_training is patience_ends


@pytest.mark.parametrize("member", METRICS)
def test_config_round_trip(member: type[TokenMetric]) -> None:
    metric = member(pad_id=3, name="mine")
    assert metric.get_config() == {"pad_id": 3, "name": "mine"}
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert type(again) is member
    assert again.get_config() == metric.get_config()


@pytest.mark.parametrize("member", METRICS)
def test_labels_that_do_not_fit_are_an_error(member: type[TokenMetric]) -> None:
    expected = rf"`{member.__name__}` needs .*labels \(2, 2\), logits \(2, 3, 4\)"
    with pytest.raises(ValueError, match=expected):
        member().update_state(np.ones((2, 2), "int32"), LOGITS)


def test_a_negative_pad_id_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`pad_id` .* at least 0. Received: -2"):
        Perplexity(pad_id=-2)
