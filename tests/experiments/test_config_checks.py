import dataclasses
import logging
from typing import Any

import pytest

from kerasseq.experiments import DistillationConfig, ExperimentConfig, TextConfig, TrainingConfig
from kerasseq.experiments.config_checks import warn_of_fields_without_effect
from kerasseq.experiments.config_files import RECIPES
from kerasseq.experiments.optimization import build_optimizer


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"training": TrainingConfig(plateau_factor=0.1)},
            "`training.plateau_factor` has no effect with the schedule 'cosine'.",
        ),
        (
            {"training": TrainingConfig(batch_tokens=2048, batch_size=64)},
            "`training.batch_tokens` has no effect beside `training.batch_size`.",
        ),
        (
            {"training": TrainingConfig(epochs=3, stop_after=50)},
            "`training.stop_after` has no effect beyond `training.epochs`, 3.",
        ),
        (
            {"distillation": DistillationConfig(weight=0.9)},
            "`distillation.weight` has no effect without teachers.",
        ),
        (
            {"distillation": DistillationConfig(["a.keras"], at_once=2)},
            "`distillation.at_once` has no effect without a `distillation.recipe`.",
        ),
        (
            {"share_vocabulary": True, "target_text": TextConfig("word")},
            "`target_text` has no effect with `share_vocabulary`: both sides are as `source_text`.",
        ),
    ],
)
def test_a_field_that_changes_nothing_is_told(
    fields: dict[str, Any], expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_fields_without_effect(dataclasses.replace(ExperimentConfig(), **fields))
    assert [record.message for record in caplog.records] == [expected]


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_field_of_a_recipe_has_an_effect(
    recipe: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_fields_without_effect(ExperimentConfig.read(recipe))
    assert caplog.records == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"plateau_patience": 3}, ["`training.plateau_patience` has no effect with the schedule "]),
        ({"plateau_patience": 3, "schedule": "plateau"}, []),
        ({"epochs": 3, "stop_after": 3}, []),
    ],
)
def test_a_field_is_judged_by_what_stands_beside_it(
    fields: dict[str, Any], expected: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    config = dataclasses.replace(ExperimentConfig(), training=TrainingConfig(**fields))
    with caplog.at_level(logging.WARNING):
        warn_of_fields_without_effect(config)
    assert len(caplog.messages) == len(expected)
    assert all(m.startswith(e) for m, e in zip(caplog.messages, expected, strict=True))


def test_to_clip_each_value_beside_the_norm_is_an_error() -> None:
    with pytest.raises(ValueError, match="clips by 'clipvalue', and `training.clip_norm` by"):
        build_optimizer(TrainingConfig(optimizer={"name": "sgd", "clipvalue": 1.0}), 0.5)
