"""A search space as KerasTuner's hyperparameters, and their values as the configuration's."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning.engine import keras_tuner
from kerasseq.tuning.parameters import Choice, Fixed, Parameter, Range, label
from kerasseq.tuning.search_space import SearchSpace


def declare(hyperparameters: Any, space: SearchSpace, config: ExperimentConfig) -> dict[str, Any]:
    """Makes a space known to KerasTuner, and returns what the fields are in this trial.

    Args:
        hyperparameters: KerasTuner's, empty or of a trial.
        space: what is searched.
        config: decides conditions on fields that are not searched.

    Returns:
        The values by field, of those that are searched under the trial's conditions.

    Raises:
        ValueError: if a field depends on one that is searched under another condition.
    """
    values = {}
    settled = space.fill(config, {}).to_dict()
    for name, parameter in _parents_first(space):
        if isinstance(parameter, Fixed) or not _can_hold(parameter, space, settled):
            continue
        with contextlib.ExitStack() as scopes:
            for parent, allowed in _open_conditions(name, space):
                scopes.enter_context(hyperparameters.conditional_scope(parent, allowed))
            raw = _declare_one(hyperparameters, name, parameter)
        if raw is not None:
            values[name] = _value(parameter, raw)
    return values


def _declare_one(hyperparameters: Any, name: str, parameter: Choice | Range) -> Any:
    if isinstance(parameter, Choice):
        return hyperparameters.Choice(name, _raw_values(parameter))
    kind = hyperparameters.Int if parameter.is_integer else hyperparameters.Float
    return kind(name, parameter.minimum, parameter.maximum, parameter.step, parameter.scale)


def _raw_values(choice: Choice) -> list[Any]:
    """The values as KerasTuner takes them: of one type, numbers in their order, no booleans."""
    values = list(choice.values)
    if _needs_labels(choice):
        return [label(value) for value in values]
    if type(values[0]) is str:
        return values
    kind = int if all(type(value) is int for value in values) else float
    return sorted(kind(value) for value in values)


def _needs_labels(choice: Choice) -> bool:
    """Whether the values are neither all strings nor all numbers."""
    kinds = {type(value) for value in choice.values}
    return not (kinds == {str} or kinds <= {int, float})


def _value(parameter: Choice | Range, raw: Any) -> Any:
    if isinstance(parameter, Range):
        # A step may add up to 0.30000000000000004.
        return raw if parameter.is_integer else float(f"{raw:.12g}")
    kind = label if _needs_labels(parameter) else lambda value: value
    return next(value for value in parameter.values if kind(value) == raw)


def _parents_first(space: SearchSpace) -> Iterator[tuple[str, Parameter]]:
    """The fields, each behind those that its condition names, as KerasTuner wants them."""
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> Iterator[tuple[str, Parameter]]:
        if name in above:
            raise ValueError(f"`when` must not go in a circle. Received: {(*above, name)}.")
        if name in done or name not in space:
            return
        for parent in getattr(space[name], "when", {}):
            yield from visit(parent, (*above, name))
        done.add(name)
        yield name, space[name]

    for name in space:
        yield from visit(name, ())


def _can_hold(parameter: Choice | Range, space: SearchSpace, settled: Mapping[str, Any]) -> bool:
    """Whether the conditions can hold, all the way up: some trial must be able to fulfil them."""
    for parent, allowed in parameter.when.items():
        above = space.get(parent)
        if isinstance(above, Choice | Range):
            if not any(map(above.contains, allowed)) or not _can_hold(above, space, settled):
                return False
        elif not _is_among(settled, parent, allowed):
            return False
    return True


def _open_conditions(name: str, space: SearchSpace) -> list[tuple[str, list[Any]]]:
    """The conditions of a field on searched fields, outermost first."""
    searched = {
        parent: allowed
        for parent, allowed in space[name].when.items()  # type: ignore[union-attr]
        if isinstance(space.get(parent), Choice | Range)
    }
    if not searched:
        return []
    if len(searched) > 1:
        raise ValueError(
            f"`{name}` may depend on one searched field. Received: {', '.join(searched)}. "
            "Fix all of them but one."
        )
    ((parent, allowed),) = searched.items()
    above = space[parent]
    raw = list(allowed)
    if isinstance(above, Choice):
        labels = {
            label(value): each for value, each in zip(above.values, _raw_of(above), strict=True)
        }
        raw = [labels[label(value)] for value in allowed if label(value) in labels]
    return [*_open_conditions(parent, space), (parent, raw)]


def _raw_of(choice: Choice) -> list[Any]:
    """The raw value of each of a choice's values, in the choice's own order."""
    raw = _raw_values(choice)
    by_value = {label(_value(choice, each)): each for each in raw}
    return [by_value[label(value)] for value in choice.values]


def _is_among(tree: Mapping[str, Any], name: str, allowed: Sequence[Any]) -> bool:
    """Whether a configuration has one of some values in a field; an option of the search may
    not be there."""
    value: Any = tree
    for step in name.split("."):
        if step not in value:
            return False
        value = value[step]
    return label(value) in {label(each) for each in allowed}


def declared(space: SearchSpace, config: ExperimentConfig) -> Any:
    """Returns KerasTuner's hyperparameters with all of a space, whatever the conditions.

    Args:
        space: what is searched.
        config: decides conditions on fields that are not searched.

    Raises:
        ValueError: if nothing is left to search.
    """
    hyperparameters = keras_tuner.HyperParameters()
    declare(hyperparameters, space, config)
    if not hyperparameters.space:
        raise ValueError(
            "`space` must leave at least one field open. "
            f"Received: {space.to_dict()!r}, where all are fixed."
        )
    return hyperparameters
