import dataclasses
from pathlib import Path
from typing import Any, cast

import pytest

from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import SPACES, Choice, Fixed, Range, SearchSpace

SPACE = SearchSpace({"model.cell": Choice(("gru", "lstm")), "model.encoder_layers": Range(1, 2)})


def test_every_change_is_another_space() -> None:
    changed = (
        SPACE.fix("model.cell", "lstm")
        .widen("model.encoder_layers", maximum=4)
        .add("training.learning_rate", Range(1e-4, 1e-2, scale="log"))
        .fix("model.dropout", 0.3)
    )
    assert changed.to_dict() == {
        "model.cell": "lstm",
        "model.encoder_layers": {"minimum": 1, "maximum": 4},
        "training.learning_rate": {"minimum": 1e-4, "maximum": 1e-2, "scale": "log"},
        "model.dropout": 0.3,
    }
    assert SPACE.to_dict()["model.cell"] == ["gru", "lstm"]
    assert changed.searched == ("model.encoder_layers", "training.learning_rate")
    assert list(changed.remove("model.cell").replace("model.encoder_layers", Fixed(1))) == [
        *("model.encoder_layers", "training.learning_rate", "model.dropout")
    ]


def test_a_trial_is_the_configuration_with_other_values() -> None:
    config = ExperimentConfig(seed=4)
    filled = SPACE.fix("search.options.num_beams", 3).fill(config, {"model.cell": "lstm"})
    expected = dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, cell="lstm"),
        search=dataclasses.replace(config.search, options={"num_beams": 3}),
    )
    assert filled == expected


@pytest.mark.parametrize("name", SPACES)
def test_a_named_space_is_read_back_from_a_file(name: str, tmp_path: Path) -> None:
    SPACES[name].write(tmp_path / "space.yaml")
    assert SearchSpace.read(tmp_path / "space.yaml").to_dict() == SPACES[name].to_dict()
    assert SearchSpace.read(name) is SPACES[name]
    assert SearchSpace.named(name) is SPACES[name]


def test_a_file_may_change_a_named_space(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("from: training\nmodel.dropout: 0.2\nmodel.cell: [gru, lstm]\n")
    space = SearchSpace.read(path)
    assert set(space) == {*SPACES["training"], "model.cell"}
    assert space["model.dropout"] == Fixed(0.2)


def unknown_file() -> Any:
    return SearchSpace.read("missing.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: SearchSpace({"model.cel": Fixed("gru")}), "no field 'model.cel' .*'model.cell'"),
        (lambda: SearchSpace({"cell": Fixed("gru")}), "there is no field 'cell'"),
        (lambda: SPACE.fix("model.dropout", "much"), "`model.dropout` must be a number.*'much'"),
        (lambda: SPACE.add("model.cell", Fixed("gru")), "not in the space. Received: 'model.cell'"),
        (
            lambda: SPACE.add("model.tie", cast(Any, "none")),
            r"must be a Choice, .* `fix\('model.tie', value\)",
        ),
        (
            lambda: SPACE.widen("model.cel", ["x"]),
            "field of the space. .*Did you mean 'model.cell'",
        ),
        (lambda: SPACE.remove("model.tie"), "must be a field of the space. Received: 'model.tie'"),
        (lambda: SPACE.fix("data.train", "a.tsv"), "all trials share `data.train`"),
        (lambda: SPACE.fix("metrics", ["bleu"]), "all trials share `metrics`"),
        (lambda: SPACE.fix("training.threads", 2), "all trials share `training.threads`"),
        (lambda: SPACE.fix("training.parallelism", 2), "all trials share `training.parallel"),
        (lambda: SPACE.fix("search.options.", 2), "there is no field 'search.options.'"),
        (
            lambda: SPACE.add("model.tie", Choice(("none",), when={"model.x": ("a",)})),
            "there is no field 'model.x'",
        ),
        (
            lambda: SPACE.add("model.tie", Choice(("none",), when={"share_vocabulary": ("yes",)})),
            r"`when\['share_vocabulary'\]` of `model.tie` must be true or false. Received: 'yes'",
        ),
        (lambda: SearchSpace.named("big"), "one of small_data, full, training. Received: 'big'"),
        (unknown_file, "no file 'missing.yaml', and no space .* Spaces: small_data, full"),
        (lambda: SearchSpace.from_dict([1]), r"mapping from fields to values. Received: \[1\]"),
    ],
)
def test_a_mistake_is_named(change: Any, message: str) -> None:
    with pytest.raises((FileNotFoundError, TypeError, ValueError), match=message):
        change()


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("model.cell: {minimum: 1}")
    with pytest.raises(ValueError, match=r"space\.yaml: `model.cell`: .*'maximum'"):
        SearchSpace.read(path)


def test_the_readers_of_a_space_see_what_it_is() -> None:
    assert len(SPACE) == 2
    assert repr(SPACE).startswith("SearchSpace({'model.cell': Choice(values=('gru', 'lstm')")


@pytest.mark.parametrize(
    ("said", "values", "left"),
    [
        ({"attention_units": 7}, {"model.attention": "general"}, None),
        ({"attention_units": 7}, {"model.attention": "additive"}, 7),
        ({"attention_units": 7}, {"model.attention": "dot", "model.attention_units": 9}, None),
        ({"attention_units": 7}, {"model.attention": {"name": "general"}}, None),
        ({"attention_units": 7}, {"model.attention": {"name": "additive"}}, 7),
        ({"attention_units": 7}, {"model.cell": "gru"}, 7),
        ({"residual_from": 1}, {"model.encoder_layers": 1, "model.decoder_layers": 1}, None),
        ({"residual_from": 1}, {"model.encoder_layers": 1, "model.decoder_layers": 2}, 1),
        ({"residual_from": 1}, {"model.encoder_layers": 1}, 1),
    ],
)
def test_a_trial_has_no_option_that_its_other_values_leave_without_effect(
    said: dict[str, Any], values: dict[str, Any], left: int | None
) -> None:
    """The network would refuse it, and every such trial would fail."""
    config = ExperimentConfig()
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, **said))
    filled = SearchSpace({name: Choice((value,)) for name, value in values.items()}).fill(
        config, values
    )
    (name,) = said
    assert getattr(filled.model, name) == left
