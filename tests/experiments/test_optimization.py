"""The optimiser that a configuration names."""

import dataclasses
import logging
from typing import Any

import keras
import pytest

from kerasseq.experiments import TrainingConfig
from kerasseq.experiments.optimization import (
    build_optimizer,
    compile_network,
    learning_rate,
    put_learning_rate,
)
from kerasseq.training import FusedAdam, InverseSquareRoot


def built(**options: Any) -> keras.optimizers.Optimizer:
    return build_optimizer(TrainingConfig(**options), 0.5)


def test_the_default_is_fused_adam_clipped_and_nothing_else() -> None:
    optimizer = built()
    assert type(optimizer) is FusedAdam
    expected = FusedAdam(0.5, global_clipnorm=1.0).get_config()
    assert {**optimizer.get_config(), "name": ""} == {**expected, "name": ""}


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("adam", keras.optimizers.Adam),
        ("AdamW", keras.optimizers.AdamW),
        ("sgd", keras.optimizers.SGD),
        ("rms_prop", keras.optimizers.RMSprop),
        ({"name": "lion", "beta_1": 0.5}, keras.optimizers.Lion),
        ({"name": "fused_adam", "beta_2": 0.98}, FusedAdam),
    ],
)
def test_any_optimizer_of_keras_goes_by_its_name(name: Any, cls: Any) -> None:
    optimizer = built(optimizer=name, clip_norm=None)
    assert isinstance(optimizer, cls)
    config = optimizer.get_config()
    assert config["learning_rate"] == 0.5
    options = {} if isinstance(name, str) else {key: name[key] for key in name if key != "name"}
    assert options.items() <= config.items()


def test_averages_and_accumulation_are_those_of_keras() -> None:
    config = built(ema_momentum=0.9, accumulation_steps=4).get_config()
    assert (config["use_ema"], config["ema_momentum"]) == (True, 0.9)
    assert config["gradient_accumulation_steps"] == 4


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("adamm", r"`training.optimizer` must be one of fused_adam, .*sgd.*Received: 'adamm'"),
        ({}, r"must be one of .*Received: None"),
        ("Optimizer", r"must be one of .*Received: 'Optimizer'"),
        ({"beta_1": 0.5}, r"or a mapping with the `name` of one.*Received: None"),
        ({"name": "sgd", "learning_rate": 0.1}, r"'learning_rate' here.*`training.learning_rate`"),
        (
            {"name": "sgd", "clipnorm": 1.0},
            r"clips by 'clipnorm', and `training.clip_norm` by.*Say `training.clip_norm: null`",
        ),
        ({"name": "sgd", "use_ema": True}, r"'use_ema' here: say it with `training.ema_momentum`"),
        ({"name": "adam", "beta_3": 1}, r"options that Adam takes. Received: .*'beta_3'"),
        # Keras itself would take these, and fail at the first step.
        ({"name": "adam", "beta_1": "x"}, r"options that Adam takes. Received: .*'x'"),
        ({"name": "fused_adam", "epsilon": None}, r"options that FusedAdam takes"),
    ],
)
def test_what_cannot_be_says_so(optimizer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        built(optimizer=optimizer)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", keras.optimizers.schedules.CosineDecay),
        ("plateau", float),
        ("noam", InverseSquareRoot),
    ],
)
def test_schedules_have_the_rate_as_their_highest(schedule: str, expected: Any) -> None:
    config = TrainingConfig(schedule=schedule, learning_rate=0.25, warmup_steps=10)
    rate = learning_rate(config, 100)
    assert isinstance(rate, expected)
    # The first update of the ones of ours is number 1, of Keras' number 0.
    step = 10 if schedule == "constant" else 9
    assert float(rate(step) if callable(rate) else rate) == 0.25


def test_a_constant_rate_is_warmed_up_too() -> None:
    rate = learning_rate(
        TrainingConfig(schedule="constant", learning_rate=0.25, warmup_steps=10), 20
    )
    assert [float(rate(step)) for step in (0, 5, 10, 19, 100)] == [0.0, 0.125, 0.25, 0.25, 0.25]
    plain = TrainingConfig(schedule="constant", learning_rate=0.25, warmup_steps=0)
    # A schedule too: a checkpoint of the one fits the optimiser of the other.
    assert [float(learning_rate(plain, 20)(step)) for step in (0, 10, 20, 30)] == [0.25] * 4


@pytest.mark.parametrize(("steps", "says"), [(4, True), (6, False)])
def test_a_run_that_ends_in_its_warm_up_says_so(
    steps: int, says: bool, caplog: pytest.LogCaptureFixture
) -> None:
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    with caplog.at_level(logging.WARNING, logger="kerasseq.experiments.optimization"):
        compile_network(network, TrainingConfig(epochs=2, warmup_steps=10), steps)  # type: ignore[arg-type]
    said = "never comes to 0.002: `training.warmup_steps` is 10, and the whole run has 8 batches"
    assert (said in caplog.text) == says


def test_cosine_ends_with_the_last_batch() -> None:
    rate = learning_rate(TrainingConfig(learning_rate=0.25, warmup_steps=10), 100)
    assert [round(float(rate(step)), 6) for step in (0, 10, 55, 100)] == [0.0, 0.25, 0.125, 0.0]


def test_a_rate_can_be_put_where_it_is_a_number() -> None:
    number, schedule = built(), build_optimizer(TrainingConfig(), InverseSquareRoot(0.5, 1))
    for optimizer in (number, schedule):
        put_learning_rate(optimizer, 0.125)
    assert float(number.learning_rate) == 0.125
    assert float(schedule.learning_rate) == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ema_momentum": 1.0}, r"`training.ema_momentum` must be a number in \[0, 1\)"),
        ({"ema_momentum": 0.0}, "`training.ema_momentum` must be a number above 0"),
        ({"accumulation_steps": 0}, "`training.accumulation_steps` .*Received: 0"),
        ({"steps_per_epoch": 0}, "`training.steps_per_epoch` .*Received: 0"),
        ({"average": "mean"}, "`training.average` must be one of 'best', 'last'. Received: 'mean'"),
        ({"plateau_factor": 1.0}, r"`training.plateau_factor` .*Received: 1.0"),
        (
            {"schedule": "plateau", "evaluate_every": 2},
            "`training.evaluate_every` must be 1 with the schedule 'plateau'.*Received: 2",
        ),
    ],
)
def test_values_out_of_range_say_so(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TrainingConfig(), **options)
