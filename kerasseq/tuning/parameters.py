"""What a searched field may be: one of some values, a number of a range, or one value.

Plain dataclasses, read from YAML and written to it. They import neither Keras nor KerasTuner.
"""

import dataclasses
import json
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from kerasseq import checks

SCALES = ("linear", "log")


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of some values.

    Args:
        values: what can be chosen: strings, numbers, booleans, `None`, or mappings with `name` and
            options; no two alike.
        when: other fields, and the values of theirs with which this one is searched; else it is
            what the configuration says.

    Raises:
        TypeError, ValueError: if `values` is no sequence, is empty, or names a value twice.
    """

    values: Sequence[Any]
    when: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Sequence):
            raise TypeError(f"`values` must be a list of values. Received: {self.values!r}.")
        labels = [label(value) for value in self.values]
        if not labels or len(set(labels)) < len(labels):
            raise ValueError(
                "`values` must hold at least one value, and none twice. "
                f"Received: {list(self.values)!r}."
            )
        _check_when(self.when)

    def examples(self) -> list[Any]:
        """Returns values that the field must be able to take."""
        return list(self.values)

    def contains(self, value: Any) -> bool:
        """Returns whether the field may become a value."""
        return label(value) in map(label, self.values)

    def widen(
        self, values: Sequence[Any], minimum: float | None, maximum: float | None
    ) -> "Choice":
        """Returns the choice with more values."""
        if minimum is not None or maximum is not None or not values:
            raise ValueError(
                "a choice is widened with `values`. "
                f"Received: values={list(values)!r}, minimum={minimum!r}, maximum={maximum!r}."
            )
        return dataclasses.replace(self, values=(*self.values, *values))


@dataclasses.dataclass(frozen=True)
class Range:
    """A number between two, both included; an integer if both are integers.

    Args:
        minimum: the least.
        maximum: the greatest.
        step: the distance between neighbours, or on a logarithmic scale the factor between them;
            `None` for any number in between.
        scale: `"linear"`, or `"log"`, where each factor is as likely as another: for learning
            rates and sizes.
        when: as for `Choice`.

    Raises:
        TypeError, ValueError: if a bound is no number, or they leave nothing in between.
    """

    minimum: float
    maximum: float
    step: float | None = None
    scale: str = "linear"
    when: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.check_number("minimum", self.minimum)
        checks.check_number("maximum", self.maximum)
        checks.check_one_of("scale", self.scale, SCALES)
        if not self.minimum < self.maximum:
            raise ValueError(
                "`minimum` must be below `maximum`. "
                f"Received: {self.minimum!r} and {self.maximum!r}."
            )
        if self.scale == "log":
            checks.check_positive("minimum", self.minimum)
        self._check_step()
        _check_when(self.when)

    def _check_step(self) -> None:
        if self.step is None:
            return
        checks.check_positive("step", self.step)
        if self.is_integer and not isinstance(self.step, numbers.Integral):
            raise TypeError(
                "`step` must be an integer, as `minimum` and `maximum` are. "
                f"Received: {self.step!r}."
            )
        if self.scale == "log" and self.step <= 1:
            raise ValueError(
                "`step` is a factor on a logarithmic scale, and must be above 1. "
                f"Received: {self.step!r}."
            )

    @property
    def is_integer(self) -> bool:
        """Whether only integers are meant."""
        return isinstance(self.minimum, numbers.Integral) and isinstance(
            self.maximum, numbers.Integral
        )

    def examples(self) -> list[Any]:
        """Returns values that the field must be able to take."""
        return [self.minimum, self.maximum]

    def contains(self, value: Any) -> bool:
        """Returns whether the field may become a value."""
        return isinstance(value, int | float) and self.minimum <= value <= self.maximum

    def widen(self, values: Sequence[Any], minimum: float | None, maximum: float | None) -> "Range":
        """Returns the range with its bounds further out."""
        low = self.minimum if minimum is None else minimum
        high = self.maximum if maximum is None else maximum
        if values or (low, high) == (self.minimum, self.maximum):
            raise ValueError(
                "a range is widened with `minimum` or `maximum`. "
                f"Received: values={list(values)!r}, minimum={minimum!r}, maximum={maximum!r}."
            )
        if low > self.minimum or high < self.maximum:
            raise ValueError(
                f"to widen {self.minimum!r} to {self.maximum!r} is to move a bound outwards. "
                f"Received: {low!r} to {high!r}. Use `replace` for another range."
            )
        return dataclasses.replace(self, minimum=low, maximum=high)


@dataclasses.dataclass(frozen=True)
class Fixed:
    """One value, whatever the configuration says.

    Args:
        value: the value.
    """

    value: Any

    def examples(self) -> list[Any]:
        """Returns values that the field must be able to take."""
        return [self.value]

    def widen(self, values: Sequence[Any], minimum: float | None, maximum: float | None) -> Choice:
        """Returns a choice between the value and more."""
        return Choice((self.value,)).widen(values, minimum, maximum)


Parameter: TypeAlias = Choice | Range | Fixed
"""How one field of the configuration is searched."""


def label(value: Any) -> str:
    """Returns a text that stands for a value, and for no other.

    Args:
        value: what JSON can hold.

    Raises:
        TypeError: if it is anything else.
    """
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "a value must be a string, a number, true, false, null, a list or a mapping of them. "
            f"Received: {value!r}."
        ) from error


def _check_when(when: Any) -> None:
    if not isinstance(when, Mapping):
        raise TypeError(f"`when` must map fields to lists of values. Received: {when!r}.")
    for name, values in when.items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise TypeError(f"`when[{name!r}]` must be a list of values. Received: {values!r}.")
