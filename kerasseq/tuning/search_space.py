"""Which fields of a configuration are searched, and within what."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kerasseq.experiments import ExperimentConfig
from kerasseq.experiments.config_files import from_mapping
from kerasseq.experiments.yaml_text import dump_yaml, load_yaml
from kerasseq.files import write_text
from kerasseq.tuning.fields import check_parameter, hint
from kerasseq.tuning.parameter_text import parse_parameter, plain_parameter
from kerasseq.tuning.parameters import Fixed, Parameter


class SearchSpace(Mapping[str, Parameter]):
    """The fields of an `ExperimentConfig` that a search varies, by their dotted names.

    A mapping that never changes: every method returns another space. Start from a named one
    (`SearchSpace.named`), and fix, widen, add, replace or remove what you like. What is not in the
    space is what the configuration says.

    Args:
        parameters: for each field, such as `"model.cell"`, a `Choice`, a `Range` or a `Fixed`.
            Options of the search that finds outputs go below `"search.options."`.

    Raises:
        TypeError: if a value is not of its field's type.
        ValueError: if there is no such field, or it is one that all trials share.

    Example:

    >>> from kerasseq.tuning import Choice, Range, SearchSpace
    >>> space = SearchSpace({"model.cell": Choice(["gru", "lstm"])})
    >>> space = space.fix("model.cell", "gru").add("model.dropout", Range(0.1, 0.3))
    >>> space = space.widen("model.dropout", maximum=0.5)
    >>> space.to_dict()["model.dropout"]
    {'minimum': 0.1, 'maximum': 0.5}
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        for name, parameter in parameters.items():
            check_parameter(name, parameter)
        self.parameters: Mapping[str, Parameter] = MappingProxyType(dict(parameters))

    @classmethod
    def named(cls, name: str) -> "SearchSpace":
        """Returns a space of `SPACES`.

        Raises:
            ValueError: if no space has that name.
        """
        from kerasseq.tuning.spaces import SPACES

        if name not in SPACES:
            raise ValueError(f"`space` must be one of {', '.join(SPACES)}. Received: {name!r}.")
        return SPACES[name]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "SearchSpace":
        """Reads a space from a YAML file, or a named one by its name.

        In the file every field has a line: a list is a choice, `{minimum: 64, maximum: 256}` a
        range (with `step` and `scale: log` if wanted), anything else a fixed value; `from` names
        the space that it changes.

        Args:
            path: a file, or a name in `SPACES`.

        Raises:
            FileNotFoundError: if there is neither.
            ValueError: if the file is not such a YAML; the message has the file.
        """
        from kerasseq.tuning.spaces import SPACES

        if os.fspath(path) in SPACES:
            return SPACES[os.fspath(path)]
        if not Path(path).is_file():
            raise FileNotFoundError(
                f"There is no file {os.fspath(path)!r}, and no space of that name. "
                f"Spaces: {', '.join(SPACES)}."
            )
        try:
            return cls.from_dict(load_yaml(Path(path).read_text(encoding="utf-8")))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from error

    @classmethod
    def from_dict(cls, said: Any) -> "SearchSpace":
        """Makes a space of plain values, as YAML holds them; see `read`.

        Raises:
            TypeError: if they are no mapping.
            ValueError: if a field or a value is none.
        """
        if not isinstance(said, Mapping):
            raise TypeError(f"a space must be a mapping from fields to values. Received: {said!r}.")
        said = dict(said)
        base = said.pop("from", None)
        parameters = {} if base is None else dict(cls.named(base))
        return cls({**parameters, **{n: parse_parameter(n, each) for n, each in said.items()}})

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the space as YAML that `read` takes."""
        write_text(path, dump_yaml(self.to_dict()))

    def to_dict(self) -> dict[str, Any]:
        """Returns the space as plain values that `from_dict` takes."""
        return {name: plain_parameter(parameter) for name, parameter in self.parameters.items()}

    def fix(self, name: str, value: Any) -> "SearchSpace":
        """Returns the space with one value for a field, in the space or not."""
        return SearchSpace({**self.parameters, name: Fixed(value)})

    def widen(
        self,
        name: str,
        values: Sequence[Any] = (),
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> "SearchSpace":
        """Returns the space with more values for a field.

        Args:
            name: a field of the space.
            values: what a choice can be besides.
            minimum: the new least of a range.
            maximum: the new greatest of a range.

        Raises:
            ValueError: if the field is not in the space, or nothing becomes wider.
        """
        return SearchSpace(
            {**self.parameters, name: self._of(name).widen(values, minimum, maximum)}
        )

    def add(self, name: str, parameter: Parameter) -> "SearchSpace":
        """Returns the space with one more field.

        Raises:
            ValueError: if the field is in the space already.
        """
        if name in self.parameters:
            raise ValueError(
                f"`name` must be a field that is not in the space. Received: {name!r}, which is "
                f"{self.parameters[name]!r}. Use `widen`, `fix` or `replace`."
            )
        return SearchSpace({**self.parameters, name: parameter})

    def replace(self, name: str, parameter: Parameter) -> "SearchSpace":
        """Returns the space with another parameter for one of its fields."""
        self._of(name)
        return SearchSpace({**self.parameters, name: parameter})

    def remove(self, name: str) -> "SearchSpace":
        """Returns the space without a field, which is then as the configuration says."""
        self._of(name)
        return SearchSpace({key: each for key, each in self.parameters.items() if key != name})

    def fill(self, config: ExperimentConfig, values: Mapping[str, Any]) -> ExperimentConfig:
        """Returns a configuration with a value for each of some fields, and the fixed ones.

        Args:
            config: what holds for all other fields.
            values: values by field, as a trial has them.

        Raises:
            TypeError, ValueError: if the configuration refuses a value.
        """
        fixed = {n: each.value for n, each in self.parameters.items() if isinstance(each, Fixed)}
        tree = config.to_dict()
        for name, value in {**fixed, **values}.items():
            *path, last = name.split(".")
            branch = tree
            for step in path:
                branch = branch[step]
            branch[last] = value
        _let_go(tree["model"], {**fixed, **values})
        return from_mapping(ExperimentConfig, tree)

    @property
    def searched(self) -> tuple[str, ...]:
        """The fields that are not fixed."""
        return tuple(n for n, each in self.parameters.items() if not isinstance(each, Fixed))

    def _of(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise ValueError(
                f"`name` must be a field of the space. Received: {name!r}.{hint(name, self)}"
            )
        return self.parameters[name]

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __repr__(self) -> str:
        return f"SearchSpace({dict(self.parameters)!r})"


def _let_go(model: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Leaves out what has no effect beside the parts that the trial chose.

    A network refuses an option without effect, and the trial would fail of it.
    """
    from kerasseq.layers import ATTENTIONS  # with Keras, for which no `--help` should wait

    attention = values.get("model.attention")
    name = attention.get("name") if isinstance(attention, Mapping) else attention
    known = ATTENTIONS.get(name) if isinstance(name, str) else None
    if known is not None and not known.has_units:
        model["attention_units"] = None
    searched = [values.get(f"model.{side}_layers") for side in ("encoder", "decoder")]
    depths = [depth for depth in searched if depth is not None]
    first = model["residual_from"]
    if len(depths) == 2 and first is not None and first >= max(depths):
        model["residual_from"] = None
