"""The fields of a configuration, by their dotted names, and which of them a search may vary."""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.config_files import field_types, fits, words
from kerasseq.tuning.parameters import Parameter

# What every trial must share, for trials to be comparable and tokenizers to be trained once.
SHARED = (
    *("data.sample", "data.train", "data.valid", "data.test"),
    *("data.train_target", "data.valid_target", "data.test_target"),
    *("data.source_column", "data.target_column", "data.header", "data.empty"),
    *("data.group_references", "metrics", "training.monitor", "training.valid_sentences"),
    *("training.threads", "training.parallelism"),  # one process has them once
)


def field_type(name: str) -> Any:
    """Returns the type of a field of `ExperimentConfig`, by its dotted name.

    Args:
        name: such as `training.learning_rate`.

    Raises:
        ValueError: if there is no such field.
    """
    types = dict(_all_fields(ExperimentConfig))
    parent, _, last = name.rpartition(".")
    if parent == "search.options" and last:
        return Any
    if name not in types:
        raise ValueError(f"there is no field {name!r} in a configuration.{hint(name, types)}")
    return types[name]


def _all_fields(cls: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, annotation in field_types(cls).items():
        if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
            yield from _all_fields(annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, annotation


def check_parameter(name: str, parameter: Parameter) -> None:
    """Raises unless a parameter can stand for a field, under its conditions.

    Args:
        name: the dotted name of the field.
        parameter: how it is searched.

    Raises:
        TypeError: if a value is not of its field's type, also one of a condition.
        ValueError: if there is no such field, or it is one that all trials share.
    """
    field_type(name)
    if name in SHARED:
        raise ValueError(f"all trials share `{name}`: set it in the configuration, not the space.")
    if not isinstance(parameter, Parameter):
        raise TypeError(
            f"`{name}` must be a Choice, a Range or a Fixed. Received: {parameter!r}. "
            f"For one value: `fix({name!r}, value)`."
        )
    _check_values(name, parameter.examples(), f"`{name}`")
    for other, values in getattr(parameter, "when", {}).items():
        _check_values(other, values, f"`when[{other!r}]` of `{name}`")


def _check_values(name: str, values: Iterable[Any], told: str) -> None:
    annotation = field_type(name)
    for value in values:
        if not fits(value, annotation):
            raise TypeError(f"{told} must be {words(annotation)}. Received: {value!r}.")


def hint(name: str, known: Iterable[str]) -> str:
    """Returns what may have been meant by an unknown name, as the end of a message.

    Args:
        name: the name.
        known: all that there are.
    """
    similar = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {similar[0]!r}?" if similar else f" Fields: {', '.join(known)}."
