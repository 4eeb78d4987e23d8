"""A searched field as plain values: what YAML, JSON and flags hold of it."""

from collections.abc import Mapping
from typing import Any

from kerasseq.tuning.parameters import Choice, Fixed, Parameter, Range


def parse_parameter(name: str, said: Any) -> Parameter:
    """Returns the parameter that plain values say, as a file or a flag holds them.

    A list is a choice, a mapping with `minimum` and `maximum` a range, one with `values` a choice
    with a condition, one with `value` a fixed mapping; anything else is a fixed value.

    Args:
        name: the field, for the message.
        said: plain values.

    Raises:
        ValueError: if a mapping has other keys, or a value does not fit.

    Example:

    >>> parse_parameter("model.dropout", {"minimum": 0.1, "maximum": 0.4, "step": 0.1})
    Range(minimum=0.1, maximum=0.4, step=0.1, scale='linear', when={})
    >>> parse_parameter("model.cell", ["gru", "lstm"])
    Choice(values=('gru', 'lstm'), when={})
    """
    if isinstance(said, list):
        return _made(name, Choice, {"values": tuple(said)})
    if not isinstance(said, Mapping):
        return Fixed(said)
    for key, kind in (("minimum", Range), ("maximum", Range), ("values", Choice), ("value", Fixed)):
        if key in said:
            return _made(name, kind, dict(said))
    raise ValueError(
        f"`{name}` must be a value, a list of values, or a mapping with minimum and maximum, with "
        f"values, or with value. Received: {dict(said)!r}."
    )


def _made(name: str, kind: Any, arguments: dict[str, Any]) -> Parameter:
    try:
        return kind(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}`: {error}") from error


def plain_parameter(parameter: Parameter) -> Any:
    """Returns what `parse_parameter` reads back.

    Args:
        parameter: the parameter.
    """
    if isinstance(parameter, Fixed):
        return {"value": parameter.value} if _is_ambiguous(parameter.value) else parameter.value
    when = {name: list(values) for name, values in parameter.when.items()}
    if isinstance(parameter, Choice):
        values = list(parameter.values)
        return {"values": values, "when": when} if when else values
    said: dict[str, Any] = {"minimum": parameter.minimum, "maximum": parameter.maximum}
    said |= {} if parameter.step is None else {"step": parameter.step}
    said |= {} if parameter.scale == "linear" else {"scale": parameter.scale}
    return {**said, "when": when} if when else said


def _is_ambiguous(value: Any) -> bool:
    return isinstance(value, list | Mapping)
