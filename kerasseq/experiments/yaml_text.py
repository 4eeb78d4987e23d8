"""YAML without its surprises, in both directions.

`no` is a word and no boolean (it may well name a column), `1e-3` is a number, a date and a time
are the strings they look like, and a key that stands twice is an error.
"""

import re
from typing import Any

import yaml

TAG = "tag:yaml.org,2002:"
# The core schema of YAML 1.2, which PyYAML does not follow: pattern and first characters.
PLAIN_TYPES = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    "float": (
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
}
REPLACED = {TAG + name for name in (*PLAIN_TYPES, "timestamp")}


class Loader(yaml.SafeLoader):
    """Reads plain values only, by the types above."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in REPLACED]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            problem = f"the key {key.value!r} stands twice"
            if not isinstance(key, yaml.ScalarNode):
                problem = "a key must be a string, a number or a boolean"
            elif key.value not in seen:
                seen.add(key.value)
                continue
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


class Dumper(yaml.SafeDumper):
    """Quotes every string that either YAML 1.1 or the loader would take for something else."""


for _name, (_pattern, _first) in PLAIN_TYPES.items():
    for _kind in (Loader, Dumper):
        _kind.add_implicit_resolver(TAG + _name, re.compile(f"^(?:{_pattern})$"), list(_first))


def load_yaml(text: str) -> Any:
    """Returns what a YAML text says: mappings, lists, strings, numbers, booleans and `None`.

    Args:
        text: one document.

    Raises:
        ValueError: if it is not YAML; the message has the line.

    Example:

    >>> load_yaml("{column: no, learning_rate: 1e-3}")
    {'column': 'no', 'learning_rate': 0.001}
    """
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f"line {mark.line + 1}: "
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise ValueError(f"{place}this is not valid YAML: {problem}.") from error


def dump_yaml(values: Any) -> str:
    """Returns plain values as a YAML text that `load_yaml` reads back as they were.

    Args:
        values: mappings, lists, strings, numbers, booleans and `None`.
    """
    return yaml.dump(values, Dumper=Dumper, sort_keys=False, allow_unicode=True)
