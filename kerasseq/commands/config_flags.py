"""A flag for every field of a tree of dataclasses, with its help from their docstrings."""

import argparse
import dataclasses
import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, TypeVar

import jsonargparse
import yaml

from kerasseq.commands.process import UsageError, did_you_mean
from kerasseq.experiments.config_files import field_types, from_mapping, words
from kerasseq.experiments.yaml_text import Loader

Config = TypeVar("Config")

MODE = "kerasseq"  # jsonargparse's name for how it reads values
NULLS = ("null", "Null", "NULL", "~", "")


def _load(text: str) -> Any:
    """A flag's value as a file has it, but for what YAML reads nothing in: `#1.tsv` and `&a`."""
    value = yaml.load(text, Loader)
    return text if value is None and text.strip() not in NULLS else value


def _number_or_text(said: int | str) -> int | str:
    """A column as a file has it: jsonargparse would take `12:30` for a number, as YAML 1.1 does."""
    value = _load(said) if isinstance(said, str) else said
    return value if isinstance(value, int) and not isinstance(value, bool) else said


jsonargparse.set_loader(MODE, _load, exceptions=(yaml.YAMLError,))


class Flag(NamedTuple):
    """One field of the tree.

    Attributes:
        name: dotted, such as `training.epochs`.
        annotation: the field's type.
        default: its value where the flag is not given.
        description: what its docstring says.
        group: the name of the section it stands in; empty for the root.
    """

    name: str
    annotation: Any
    default: Any
    description: str
    group: str


class ConfigParser(jsonargparse.ArgumentParser):
    """Makes a configuration out of flags, and raises `UsageError`.

    Args:
        name: the command's name.
        usage: the usage line; the generated one would name each flag.
        description: what it does; stands above the arguments in the help.
        config: what holds where no flag says otherwise.
        short: second names of flags, by the first: `{"training.threads": "threads"}`.
    """

    def __init__(
        self,
        name: str,
        usage: str,
        description: str,
        config: Any,
        short: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            prog=f"kerasseq {name}",
            usage=usage,
            description=description,
            allow_abbrev=False,
            parser_mode=MODE,
        )
        self.root = type(config)
        self.flags = {flag.name: flag for flag in flags_of(config)}
        sections = describe_fields(self.root)
        groups: dict[str, Any] = {}
        for flag in self.flags.values():
            if flag.group not in groups:
                title = flag.group or "general"
                groups[flag.group] = self.add_argument_group(title, sections.get(flag.group))
            options: dict[str, Any] = {"type": flag.annotation}
            if flag.annotation == int | str:
                options["type"] = _number_or_text
            if typing.get_origin(flag.annotation) is list:  # with spaces between, as elsewhere
                options = {"type": typing.get_args(flag.annotation)[0], "nargs": "+"}
            names = [flag.name, *([short[flag.name]] if short and flag.name in short else [])]
            groups[flag.group].add_argument(
                *(f"--{each}" for each in names),
                default=flag.default,
                help=flag.description,
                **options,
            )

    def config(self, values: jsonargparse.Namespace) -> Any:
        """Returns the configuration of parsed arguments.

        Args:
            values: what `parse_args` returned; what is no field of the configuration is left out.

        Raises:
            ValueError, TypeError: if the configuration refuses a value.
        """
        fields = {flag.name.partition(".")[0] for flag in self.flags.values()}
        chosen = {name: value for name, value in values.as_dict().items() if name in fields}
        return from_mapping(self.root, chosen)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raises what jsonargparse would print, in one sentence."""
        key = re.search(r'Parser key "([^"]+)"', message)
        value = re.search(r"(?:Given|Got) value: (.*)\Z", message, flags=re.DOTALL)
        if key and value and key[1] in self.flags:
            expected = words(self.flags[key[1]].annotation)
            message = f"`--{key[1]}` must be {expected}. Received: {value[1]!r}."
        unknown = re.search(r"[Uu]nrecognized arguments: (--[\w.]+)", message)
        if unknown:
            message += did_you_mean(unknown[1], [f"--{name}" for name in self.flags])
        message = re.sub(r"(arguments are required: )(?=\w)", r"\1--", message)
        raise UsageError(f"{message} (see {self.prog} --help)") from ex


def flags_of(config: Any, prefix: str = "") -> Iterator[Flag]:
    """Yields a flag for each field of a tree of dataclasses.

    Args:
        config: the tree; its values are the defaults.
        prefix: what goes before the fields' names, with a dot at its end.
    """
    descriptions = describe_fields(type(config))
    for name, annotation in field_types(type(config)).items():
        value = getattr(config, name)
        if dataclasses.is_dataclass(value):
            yield from flags_of(value, f"{prefix}{name}.")
        else:
            group = prefix.removesuffix(".")
            yield Flag(prefix + name, annotation, value, descriptions.get(name, ""), group)


def describe_fields(cls: type) -> dict[str, str]:
    """Returns what the docstring of a dataclass says of its fields.

    Args:
        cls: a class whose docstring has a section `Args:`.

    Example:

    >>> class Config:
    ...     '''One line.
    ...
    ...     Args:
    ...         epochs: how often all pairs
    ...             are seen.
    ...         seed: of what is drawn.
    ...     '''
    >>> describe_fields(Config)
    {'epochs': 'how often all pairs are seen.', 'seed': 'of what is drawn.'}
    """
    text = inspect.cleandoc(cls.__doc__ or "")
    section = re.search(r"^Args:\n((?: {4}.*\n?|\n)+)", text, flags=re.MULTILINE)
    if section is None:
        return {}
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section[1], flags=re.MULTILINE)
    # A `%` would be the beginning of a format.
    return {name: " ".join(said.split()).replace("%", "%%") for name, said in entries}


def value_of(flag: str, arguments: list[str]) -> str | None:
    """Returns the value of one flag, the last one if it is given several times.

    Args:
        flag: the flag with its dashes.
        arguments: the whole command line.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument(flag, dest="value")
    try:
        return parser.parse_known_args(arguments)[0].value
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from error
