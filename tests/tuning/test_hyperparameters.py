from typing import Any

import pytest

from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Choice, Range, SearchSpace
from kerasseq.tuning.engine import keras_tuner
from kerasseq.tuning.hyperparameters import declare, declared

CONFIG = ExperimentConfig()


def values_of(space: SearchSpace, **drawn: Any) -> dict[str, Any]:
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.values = {name.replace("__", "."): value for name, value in drawn.items()}
    return declare(hyperparameters, space, CONFIG)


def test_each_kind_becomes_that_of_kerastuner() -> None:
    space = SearchSpace(
        {
            "model.cell": Choice(("gru", "lstm")),
            "model.encoder_layers": Range(1, 4),
            "training.learning_rate": Range(1e-4, 1e-2, scale="log"),
            "model.dropout": Choice((0.2, 0, 0.1)),
            "model.tie": Choice(("none", "target")),
        }
    ).fix("model.tie", "target")
    made = {each.name: each for each in declared(space, CONFIG).space}
    kinds = {name: type(each).__name__ for name, each in made.items()}
    assert kinds == {
        "model.cell": "Choice",
        "model.encoder_layers": "Int",
        "training.learning_rate": "Float",
        "model.dropout": "Choice",
    }
    assert made["model.dropout"].values == [0.0, 0.1, 0.2]
    assert made["training.learning_rate"].sampling == "log"


@pytest.mark.parametrize(
    ("choice", "raw", "value"),
    [
        (Choice((True, False)), "false", False),
        (Choice((None, 16)), "null", None),
        (Choice(({"name": "dense"}, "mean")), '"mean"', "mean"),
        (Choice(({"name": "dense"}, "mean")), '{"name": "dense"}', {"name": "dense"}),
        (Choice((0, 0.5)), 0.0, 0),
        (Choice(("8", 8)), "8", 8),
        (Choice(("8", 8)), '"8"', "8"),
        (Choice(("a", '"a"')), '"a"', '"a"'),
    ],
)
def test_a_value_comes_back_as_it_was_given(choice: Choice, raw: Any, value: Any) -> None:
    field = "search.options.of_any_type"
    found = values_of(SearchSpace({field: choice}), **{field.replace(".", "__"): raw})
    assert found == {field: value}
    assert type(found[field]) is type(value)


def test_a_condition_on_an_option_that_is_not_there_does_not_hold() -> None:
    condition = {"search.options.num_beams": (5,)}
    space = SearchSpace(
        {"model.cell": Choice(("gru", "lstm")), "model.dropout": Range(0.1, 0.2, when=condition)}
    )
    assert [each.name for each in declared(space, CONFIG).space] == ["model.cell"]


def test_steps_add_up_without_a_tail() -> None:
    space = SearchSpace({"model.dropout": Range(0.1, 0.5, step=0.1)})
    assert values_of(space, model__dropout=0.30000000000000004) == {"model.dropout": 0.3}


def test_a_condition_holds_with_its_values_alone() -> None:
    size = Range(100, 900, when={"source_text.tokenizer": ("word", "subword")})
    # The child stands first: the parent is declared before it all the same.
    space = SearchSpace(
        {
            "source_text.vocabulary_size": size,
            "source_text.tokenizer": Choice(("character", "word", "subword")),
        }
    )
    assert set(values_of(space, source_text__tokenizer="character")) == {"source_text.tokenizer"}
    assert values_of(space, source_text__tokenizer="word")["source_text.vocabulary_size"] == 100


def test_a_condition_on_numbers_holds_with_its_own_in_whatever_order_they_stand() -> None:
    layers = Range(1, 2, when={"model.embedding_units": (64, 128)})
    sizes = Choice((64, 16, 32))  # 128 is none of them
    space = SearchSpace({"model.embedding_units": sizes, "model.encoder_layers": layers})
    assert "model.encoder_layers" in values_of(space, model__embedding_units=64)
    for size in (16, 32):
        found = values_of(space, model__embedding_units=size)
        assert found == {"model.embedding_units": size}


def test_a_condition_on_what_is_not_searched_is_decided_by_the_configuration() -> None:
    feeding = Choice((True, False), when={"model.wiring": ("luong",)})
    space = SearchSpace({"model.cell": Choice(("gru", "lstm")), "model.input_feeding": feeding})
    assert "model.input_feeding" not in values_of(space)
    assert "model.input_feeding" in values_of(space.fix("model.wiring", "luong"))


def test_what_no_trial_can_fulfil_is_not_searched() -> None:
    """Fields that are replaced in a named space leave others without their condition."""
    size = Range(100, 900, when={"source_text.tokenizer": ("subword",)})
    layers = Choice((1, 2), when={"model.embedding_units": (8,)})
    space = SearchSpace(
        {
            "source_text.vocabulary_size": size,
            "source_text.tokenizer": Choice(("character", "word")),
            "model.encoder_layers": layers,
            "model.embedding_units": Range(16, 32),
        }
    )
    assert set(values_of(space)) == {"source_text.tokenizer", "model.embedding_units"}


def test_conditions_may_stand_one_upon_another() -> None:
    space = SearchSpace(
        {
            "model.decoder": Choice(("attention", "recurrent")),
            "model.wiring": Choice(("luong", "bahdanau"), when={"model.decoder": ("attention",)}),
            "model.input_feeding": Choice((True, False), when={"model.wiring": ("luong",)}),
        }
    )
    assert set(values_of(space, model__decoder="recurrent")) == {"model.decoder"}
    assert len(values_of(space, model__decoder="attention", model__wiring="luong")) == 3
    assert len(values_of(space, model__decoder="attention", model__wiring="bahdanau")) == 2


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            SearchSpace({"model.cell": Choice(("gru", "lstm"))}).fix("model.cell", "gru"),
            "one field",
        ),
        (
            SearchSpace(
                {
                    "model.cell": Choice(("gru", "lstm"), when={"model.tie": ("none",)}),
                    "model.tie": Choice(("none", "target"), when={"model.cell": ("gru",)}),
                }
            ),
            r"must not go in a circle. Received: \('model.cell', 'model.tie', 'model.cell'\)",
        ),
        (
            SearchSpace(
                {
                    "model.cell": Choice(("gru", "lstm")),
                    "model.tie": Choice(("none", "target")),
                    "model.dropout": Range(
                        0.1, 0.2, when={"model.cell": ("gru",), "model.tie": ("none",)}
                    ),
                }
            ),
            "`model.dropout` may depend on one searched field. Received: model.cell, model.tie",
        ),
    ],
)
def test_a_space_that_cannot_be_searched_is_an_error(space: SearchSpace, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        declared(space, CONFIG)
