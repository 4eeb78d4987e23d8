"""A configuration as YAML: read with every key and type checked, written for reading again.

Plain dataclasses in, plain dataclasses out: nothing here knows what an experiment is. Imports no
TensorFlow.
"""

import dataclasses
import difflib
import json
import os
import types
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kerasseq.experiments.yaml_text import dump_yaml, load_yaml
from kerasseq.files import write_text

Config = TypeVar("Config")

RECIPES = Path(__file__).parent / "recipes"

WORDS = {
    int: "an integer",
    float: "a number",
    str: "a string",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
    type(None): "null",
}


def read(cls: type[Config], path: str | os.PathLike[str]) -> Config:
    """Reads a configuration from a YAML file, or a recipe by its name.

    A key that the file leaves out has its default. Paths in the file are relative to the working
    folder, as they are on the command line.

    Args:
        cls: the dataclass at the root of the tree.
        path: a file, or the name of a recipe that ships with kerasseq.

    Raises:
        FileNotFoundError: if there is neither.
        ValueError: if the file is not YAML, a key is unknown or a value does not fit; the message
            has the file.
    """
    file = _find(path)
    try:
        return from_mapping(cls, load_yaml(_read_text(file)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error


def write(config: Any, path: str | os.PathLike[str]) -> None:
    """Writes a configuration as YAML that `read` takes.

    Args:
        config: a tree of dataclasses.
        path: the file; it is written beside and renamed.
    """
    write_text(path, dump_yaml(dataclasses.asdict(config)))


def from_mapping(cls: type[Config], values: Any, name: str = "") -> Config:
    """Returns the dataclass that a mapping describes; what it leaves out has its default.

    Args:
        cls: a dataclass; fields that are dataclasses take mappings in turn.
        values: the fields by name; `None`, as an empty section of a file gives it, is no field.
        name: where in the tree this is, for the messages.

    Raises:
        TypeError: if a value is of another type than its field.
        ValueError: if a key is unknown, or a string could not be written down.

    Example:

    >>> @dataclasses.dataclass(frozen=True)
    ... class Training:
    ...     epochs: int = 10
    >>> from_mapping(Training, {"epochs": 3})
    Training(epochs=3)
    >>> from_mapping(Training, {"epoch": 3})
    Traceback (most recent call last):
    ValueError: there is no key 'epoch'. Did you mean 'epochs'?
    """
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        place = f"`{name}`" if name else "a configuration"
        raise TypeError(f"{place} must be a mapping. Received: {values!r}.")
    annotations = field_types(cls)
    prefix = f"{name}." if name else ""
    fields = {}
    for key, value in values.items():
        if key not in annotations:
            raise ValueError(f"there is no key {prefix + str(key)!r}.{_hint(key, annotations)}")
        annotation = annotations[key]
        if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
            fields[key] = from_mapping(annotation, value, prefix + key)
        elif not _is_unicode(value):
            raise ValueError(f"`{prefix}{key}` must be UTF-8. Received: {value!r}.")
        elif fits(value, annotation):
            fields[key] = value
        else:
            raise TypeError(f"`{prefix}{key}` must be {words(annotation)}. Received: {value!r}.")
    return cls(**fields)


def _is_unicode(value: Any) -> bool:
    """Whether UTF-8 can hold the strings of a value: the name of a file may have other bytes."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def field_types(cls: type) -> dict[str, Any]:
    """Returns the annotation of each field of a dataclass, as a type.

    Args:
        cls: the dataclass.
    """
    annotations = typing.get_type_hints(cls)
    return {field.name: annotations[field.name] for field in dataclasses.fields(cls)}


def fits(value: Any, annotation: Any) -> bool:
    """Returns whether a plain value is of an annotated type.

    An integer is a number, and a boolean is neither.

    Args:
        value: what YAML or JSON can hold.
        annotation: a plain type, `Any`, a union of them, `list[...]` or `dict[...]`.
    """
    origin = typing.get_origin(annotation) or annotation
    if annotation is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, option) for option in typing.get_args(annotation))
    if origin is list:
        (item,) = typing.get_args(annotation) or (Any,)
        return isinstance(value, list) and all(fits(each, item) for each in value)
    if isinstance(value, bool):
        return origin is bool
    return isinstance(value, int | float if origin is float else origin)


def words(annotation: Any) -> str:
    """Returns what a message calls an annotated type.

    Args:
        annotation: as `fits` takes it.

    Example:

    >>> words(int | str | None), words(list[str])
    ('an integer, a string or null', 'a list (each item a string)')
    """
    origin = typing.get_origin(annotation) or annotation
    options = typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        *first, last = [words(option) for option in options]
        return f"{', '.join(first)} or {last}"
    if origin is list and options:
        return f"a list (each item {words(options[0])})"
    return WORDS[origin]


def _find(path: str | os.PathLike[str]) -> Path:
    recipe = RECIPES / f"{os.fspath(path)}.yaml"
    if not Path(path).is_file() and recipe.is_file():
        return recipe
    if not Path(path).exists():
        names = ", ".join(sorted(file.stem for file in RECIPES.glob("*.yaml")))
        raise FileNotFoundError(
            f"There is no configuration file {os.fspath(path)!r}, and no recipe of that name. "
            f"Recipes: {names}."
        )
    return Path(path)


def _read_text(file: Path) -> str:
    if file.is_dir():
        raise ValueError("this is a folder; the path of a YAML file is needed.")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"this is not a UTF-8 text: {error}.") from error


def _hint(key: Any, known: Collection[str]) -> str:
    similar = difflib.get_close_matches(str(key), known, n=1)
    if similar:
        return f" Did you mean {similar[0]!r}?"
    return f" Keys: {', '.join(known)}."
