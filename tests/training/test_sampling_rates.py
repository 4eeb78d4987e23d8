import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import serialization
from kerasseq.training import (
    SAMPLING_RATES,
    ConstantRate,
    ExponentialRate,
    InverseSigmoidRate,
    LinearRate,
    SamplingRate,
)

MEMBERS = [
    ConstantRate(0.25),
    LinearRate(100, final_rate=0.5),
    ExponentialRate(0.99, final_rate=0.6),
    InverseSigmoidRate(40.0, final_rate=0.7),
]


def rates(member: SamplingRate, *steps: int) -> list[float]:
    return [float(ops.convert_to_numpy(member(step))) for step in steps]


@pytest.mark.backend
def test_each_rate_is_one_minus_the_published_probability_of_the_data() -> None:
    for step in (0, 3, 10):
        published = {
            "exponential": (ExponentialRate(0.9), 0.9**step),
            "inverse_sigmoid": (InverseSigmoidRate(4.0), 4 / (4 + math.exp(step / 4))),
            "linear": (LinearRate(20), 1 - step / 20),
        }
        for member, probability in published.values():
            assert rates(member, step) == pytest.approx([1 - probability], abs=1e-6)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: type(member).__name__)
def test_a_rate_never_falls_and_ends_at_its_final_rate(member: SamplingRate) -> None:
    received = rates(member, *range(0, 1000, 50), 10**9)
    assert received == sorted(received)
    assert received[0] >= 0
    final = getattr(member, "final_rate", 0.25)
    assert received[-1] == pytest.approx(final)


def test_a_rate_takes_a_tensor_in_a_graph() -> None:
    import tensorflow as tf

    traced = tf.function(InverseSigmoidRate(40.0), input_signature=[tf.TensorSpec((), "int64")])
    np.testing.assert_allclose(traced(tf.constant(148, "int64")), 0.5, atol=0.01)  # 40 log 40


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: type(member).__name__)
def test_config_round_trip(member: SamplingRate) -> None:
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(member))
    assert type(again) is type(member)
    assert again.get_config() == member.get_config()


def test_chosen_by_name() -> None:
    assert isinstance(serialization.get(SAMPLING_RATES, "linear", "rate", steps=5), LinearRate)
    with pytest.raises(ValueError, match=r"`rate` must be one of 'constant', .* Received: 'cubic'"):
        serialization.get(SAMPLING_RATES, "cubic", "rate")


def test_arguments_out_of_range_are_errors() -> None:
    with pytest.raises(ValueError, match=r"`rate` .* \[0, 1\]. Received: 1.5"):
        ConstantRate(1.5)
    with pytest.raises(ValueError, match=r"`steps` .* at least 1. Received: 0"):
        LinearRate(0)
    with pytest.raises(ValueError, match=r"`decay` .* \[0, 1\). Received: 1.0"):
        ExponentialRate(1.0)
    with pytest.raises(ValueError, match=r"`k` .* at least 1. Received: 0.5"):
        InverseSigmoidRate(0.5)
    with pytest.raises(ValueError, match=r"`final_rate` .* \[0, 1\]. Received: -0.5"):
        LinearRate(3, final_rate=-0.5)
