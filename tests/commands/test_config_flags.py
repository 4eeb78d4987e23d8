import dataclasses
from typing import Any

import pytest

from kerasseq.commands.config_flags import ConfigParser, describe_fields, flags_of, value_of
from kerasseq.commands.process import UsageError
from kerasseq.experiments import ExperimentConfig


def parse(*arguments: str, config: ExperimentConfig | None = None) -> Any:
    parser = ConfigParser("test", "usage", "Tests.", config or ExperimentConfig())
    return parser.config(parser.parse_args(list(arguments)))


def test_every_field_has_a_flag_with_a_description() -> None:
    def count(config: Any) -> int:
        values = [getattr(config, field.name) for field in dataclasses.fields(config)]
        return sum(count(each) if dataclasses.is_dataclass(each) else 1 for each in values)

    flags = list(flags_of(ExperimentConfig()))
    assert len(flags) == count(ExperimentConfig()) > 50
    assert [flag.name for flag in flags if not flag.description] == []
    assert {"data.train", "training.epochs", "seed"} <= {flag.name for flag in flags}


def test_no_flag_is_the_configuration_itself() -> None:
    config = ExperimentConfig.read("tatoeba_eng_swe")
    assert parse() == ExperimentConfig()
    assert parse(config=config) == config


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--seed", "3"], "seed", 3),
        (["--training.learning_rate", "1e-3"], "training.learning_rate", 0.001),
        (["--training.learning_rate=1"], "training.learning_rate", 1.0),
        (["--training.clip_norm", "null"], "training.clip_norm", None),
        (["--data.train", "2024"], "data.train", "2024"),
        (["--data.train", "null"], "data.train", None),
        (["--data.train", "#1.tsv"], "data.train", "#1.tsv"),
        (["--data.train", "&a"], "data.train", "&a"),
        (["--data.source_column", "0"], "data.source_column", 0),
        (["--data.source_column", "no"], "data.source_column", "no"),
        (["--data.source_column", "1.5"], "data.source_column", "1.5"),
        (["--data.source_column", "12:30"], "data.source_column", "12:30"),
        (["--data.source_column", "010"], "data.source_column", "010"),
        (
            ["--source_text.tokenizer", "{name: regex, pattern: no}"],
            "source_text.tokenizer",
            {"name": "regex", "pattern": "no"},
        ),
        (["--data.header", "false"], "data.header", False),
        (["--model.bidirectional", "first"], "model.bidirectional", "first"),
        (["--model.bidirectional", "true"], "model.bidirectional", True),
        (["--model.scheduled_sampling", "0.3"], "model.scheduled_sampling", 0.3),
        (
            ["--source_text.tokenizer", r"{name: regex, pattern: \w+}"],
            "source_text.tokenizer",
            {"name": "regex", "pattern": r"\w+"},
        ),
        (["--search.options", "{n_best: 3}"], "search.options", {"n_best": 3}),
        (["--search.options.n_best", "3"], "search.options", {"n_best": 3}),
        (["--metrics", "bleu", "chrf"], "metrics", ["bleu", "chrf"]),
        (
            ["--distillation.recipe", "small_data", "--distillation.seeds", "2", "3"],
            "distillation.seeds",
            [2, 3],
        ),
    ],
)
def test_a_flag_sets_a_field_of_its_type(arguments: list[str], name: str, value: Any) -> None:
    config: Any = parse(*arguments)
    for part in name.split("."):
        config = getattr(config, part)
    assert config == value
    assert type(config) is type(value)


def test_options_of_the_file_stay_beside_those_of_flags() -> None:
    config = ExperimentConfig.read("tatoeba_eng_swe")
    assert config.search.options == {"num_beams": 5}
    changed = parse("--search.options.n_best", "2", config=config)
    assert changed.search.options == {"num_beams": 5, "n_best": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--training.epoch", "1"],
            r"arguments: --training\.epoch 1\. Did you mean --training\.epo",
        ),
        (["--frobnicate"], r"unrecognized arguments: --frobnicate \(see kerasseq test --help\)"),
        (["word"], r"unrecognized arguments: word"),
        (["--training.epochs", "x"], r"`--training\.epochs` must be an integer\. Received: 'x'\."),
        (["--training.epochs", "1.5"], r"must be an integer\. Received: '1\.5'\."),
        (["--training.clip_norm", "x"], r"must be a number or null\. Received: 'x'\."),
        (
            ["--share_vocabulary", "maybe"],
            r"`--share_vocabulary` must be true or false\. .*'maybe'",
        ),
        (
            ["--training.epochs", "0"],
            r"`training\.epochs` must be an integer of at least 1\. .*0\.",
        ),
        (["--seed"], r"argument --seed: expected one argument"),
        (["--distillation.seeds", "x"], r"`--distillation\.seeds` must be a list .*'x'"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse(*arguments)
    assert "\n" not in str(caught.value)


def test_descriptions_come_from_the_docstring() -> None:
    class Config:
        """One line.

        More: not a field.

        Args:
            first: what it is,
                in two lines: 100 %.
            second: another.

        Raises:
            ValueError: if not.
        """

    assert describe_fields(Config) == {
        "first": "what it is, in two lines: 100 %%.",
        "second": "another.",
    }


def test_one_flag_is_read_before_the_others() -> None:
    assert value_of("--config", ["--seed", "3", "--config", "a.yaml", "--x"]) == "a.yaml"
    assert value_of("--config", ["--config=a", "--configs", "c"]) == "a"
    assert value_of("--config", []) is None
    with pytest.raises(UsageError, match="argument --config: expected one argument"):
        value_of("--config", ["--config"])
