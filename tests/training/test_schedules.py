import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import serialization
from kerasseq.training import SCHEDULES, FusedAdam, InverseSquareRoot, Noam


def rates(schedule: keras.optimizers.schedules.LearningRateSchedule, *steps: int) -> list[float]:
    return [float(ops.convert_to_numpy(schedule(step))) for step in steps]


@pytest.mark.backend
def test_noam_is_the_published_formula() -> None:
    for step in (1, 10, 100, 101, 5000):
        expected = 2 * 512**-0.5 * min(step**-0.5, step * 100**-1.5)
        received = rates(Noam(units=512, warmup_steps=100, scale=2.0), step - 1)
        assert received == pytest.approx([expected], rel=1e-6)


@pytest.mark.backend
def test_inverse_square_root_rises_to_its_peak_and_halves_at_four_times_the_step() -> None:
    received = rates(InverseSquareRoot(0.01, warmup_steps=100), 0, 49, 99, 399, 9999)
    assert received == pytest.approx([0.0001, 0.005, 0.01, 0.005, 0.001], rel=1e-6)


def test_cosine_by_name_is_keras_own_with_its_warm_up() -> None:
    schedule = serialization.get(
        SCHEDULES,
        {"name": "cosine", "initial_learning_rate": 0.0, "decay_steps": 100}
        | {"warmup_target": 0.1, "warmup_steps": 10},
        "schedule",
    )
    assert rates(schedule, 5, 10, 60, 110) == pytest.approx([0.05, 0.1, 0.05, 0.0], abs=1e-8)


@pytest.mark.parametrize("schedule", [Noam(64, 10, 0.5), InverseSquareRoot(0.1, 10)])
def test_an_optimizer_carries_its_schedule_in_its_config(
    schedule: keras.optimizers.schedules.LearningRateSchedule,
) -> None:
    optimizer = FusedAdam(schedule)
    variable = keras.Variable([0.0])
    optimizer.apply([ops.ones(1)], [variable])  # Adam's first step is as long as the rate
    np.testing.assert_allclose(-variable.numpy(), rates(schedule, 0), rtol=1e-5)
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == optimizer.get_config()


def test_arguments_out_of_range_are_errors() -> None:
    with pytest.raises(ValueError, match=r"`warmup_steps` .* at least 1. Received: 0"):
        Noam(64, warmup_steps=0)
    with pytest.raises(ValueError, match=r"`peak_learning_rate` .* above 0. Received: -0.1"):
        InverseSquareRoot(-0.1)
    with pytest.raises(
        ValueError, match=r"`schedule` must be one of 'cosine', 'inverse_square_root'"
    ):
        serialization.get(SCHEDULES, "triangle", "schedule")
