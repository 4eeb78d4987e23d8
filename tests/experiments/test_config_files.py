import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.config_files import RECIPES, field_types, fits, from_mapping, words


def config_of(tmp_path: Path, text: str) -> ExperimentConfig:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return ExperimentConfig.read(path)


def test_a_file_says_only_what_differs_from_the_defaults(tmp_path: Path) -> None:
    config = config_of(tmp_path, "training:\n  learning_rate: 1e-3\nmodel:\nseed: 3\n")
    default = ExperimentConfig()
    training = dataclasses.replace(default.training, learning_rate=0.001)
    assert config == dataclasses.replace(default, training=training, seed=3)
    assert config_of(tmp_path, "# nothing\n") == default


def test_a_written_configuration_is_read_back(tmp_path: Path) -> None:
    values = {
        "data": {"train": "1e3", "source_column": "no", "target_column": 3},
        "source_text": {"tokenizer": {"name": "regex", "pattern": r"\w+|\S"}},
        "model": {"bidirectional": "first", "dropout": 0.25},
        "search": {"options": {"num_beams": 3, "length_penalty": {"name": "gnmt", "alpha": 0.1}}},
        "metrics": ["chrf"],
    }
    config = from_mapping(ExperimentConfig, values)
    config.write(tmp_path / "deep" / "config.yaml")
    assert ExperimentConfig.read(tmp_path / "deep" / "config.yaml") == config
    assert config.data.source_column == "no"


@pytest.mark.parametrize("recipe", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_is_read_by_its_name(recipe: Path) -> None:
    assert ExperimentConfig.read(recipe.stem) == ExperimentConfig.read(recipe)


def test_a_folder_does_not_hide_the_recipe_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next(RECIPES.glob("*.yaml")).stem
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert ExperimentConfig.read(name) == ExperimentConfig.read(RECIPES / f"{name}.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trainig: {}", r"there is no key 'trainig'\. Did you mean 'training'\?"),
        ("training: {epoch: 1}", r"there is no key 'training\.epoch'\. Did you mean 'epochs'\?"),
        ("17: 1", r"there is no key '17'\. Keys: data, source_text, "),
        ("training: 3", r"`training` must be a mapping\. Received: 3\."),
        ("[1]", r"a configuration must be a mapping\. Received: \[1\]\."),
        ("training: {epochs: x}", r"`training\.epochs` must be an integer\. Received: 'x'\."),
        ("training: {epochs: true}", r"must be an integer\. Received: True\."),
        ("training: {clip_norm: x}", r"must be a number or null\. Received: 'x'\."),
        ("training: {epochs: 0}", r"`training\.epochs` must be an integer of at least 1\. .*: 0\."),
        ("metrics: [3]", r"must be a list \(each item a string\)\. Received: \[3\]\."),
        ("a: [", r"line 1: this is not valid YAML"),
    ],
)
def test_an_error_has_the_file_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{tmp_path}/config\.yaml: .*{message}"):
        config_of(tmp_path, text)


def test_a_missing_file_is_an_error_that_lists_the_recipes() -> None:
    message = r"no configuration file 'nope', and no recipe of that name\. Recipes: .*tatoeba"
    with pytest.raises(FileNotFoundError, match=message):
        ExperimentConfig.read("nope")


def test_a_folder_or_a_binary_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="this is a folder; the path of a YAML file is needed"):
        ExperimentConfig.read(tmp_path)
    (tmp_path / "model.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"model\.yaml: this is not a UTF-8 text: "):
        ExperimentConfig.read(tmp_path / "model.yaml")


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, float, True),
        (True, int, False),
        (True, float, False),
        (1, bool, False),
        (1.0, int, False),
        (None, int | None, True),
        ("1", int | str, True),
        (["a"], list[str], True),
        (["a", 1], list[str], False),
        ({"a": [1]}, str | dict[str, Any], True),
        ([1], str | dict[str, Any], False),
    ],
)
def test_a_value_fits_the_type_it_is_of(value: Any, annotation: Any, expected: bool) -> None:
    assert fits(value, annotation) is expected


@pytest.mark.parametrize("values", [{"train": "caf\udce9.tsv"}, {"columns": ["caf\udce9"]}])
def test_bytes_that_no_file_could_hold_are_an_error(values: dict[str, Any]) -> None:
    """A name on the command line may be other bytes than UTF-8."""
    cls = dataclasses.make_dataclass("Data", [("train", str, ""), ("columns", list, None)])
    with pytest.raises(ValueError, match=r"`data\..*` must be UTF-8. Received: .*caf.udce9"):
        from_mapping(cls, values, "data")


def test_every_type_of_the_configuration_has_words() -> None:
    def check(cls: Any) -> None:
        for annotation in field_types(cls).values():
            if dataclasses.is_dataclass(annotation):
                check(annotation)
            else:
                assert words(annotation)

    check(ExperimentConfig)
