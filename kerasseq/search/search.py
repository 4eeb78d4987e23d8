"""The contract of a search: from a step function to hypotheses."""

import abc
from collections.abc import Mapping
from typing import Any, TypeVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.search.call_checks import booleans, check_lengths, check_rows, integers
from kerasseq.search.constraints import Constraints
from kerasseq.search.gathering import padded_ids
from kerasseq.search.length_limits import LengthLimits, Limits
from kerasseq.search.request import Request
from kerasseq.search.rules import Rules
from kerasseq.search.search_result import SearchResult
from kerasseq.serialization import make
from kerasseq.typing import State, StepFunction, Tensor

Options = TypeVar("Options", LengthLimits, Constraints)


class Search(abc.ABC):
    """The contract of the family, and the arguments that every member has.

    A search knows no model: it calls `step(token_ids, state)`, once a step for all rows, and
    returns a `SearchResult`. Members differ in `search` alone.

    Args:
        length_limits: the rule for minimum and maximum lengths, a `LengthLimits` or a mapping of
            its arguments; None is its defaults (at most 2 x source + 10, at most 256).
        constraints: what outputs may say, a `Constraints` or a mapping of its arguments; None
            is no constraint.
        start_id: the token that the first step reads.
        end_id: the token that ends a hypothesis, and counts in its length.
        pad_id: what follows the end.

    Call arguments:
        step: the step function, see `kerasseq.typing.StepFunction`; it closes over whatever does
            not change with a step, which is never repeated nor reordered.
        state: a flat list of `(batch, ...)` tensors of any dtype; the search repeats them itself,
            so that `step` sees `(batch * beams, ...)`, beams of one source side by side.
        max_lengths: `(batch,)` integer, each row's own limit in tokens with the end; see
            `limits`. A row's answer depends on its own limit only. 0 makes an absent hypothesis.
        source_length: scalar integer, the width of the attention weights.
        min_lengths: `(batch,)` integer, no end before; required if `length_limits` demands any.
        source_mask: `(batch, source_length)` boolean, True where the source is real; the
            coverage penalty reads it.
        prefix_ids: `(batch, prefix_length)` integer, how each output must begin, right-padded.
            A prefix counts towards the limit and wins over every constraint.
        prefix_lengths: `(batch,)` integer, how many of those ids are each row's own.
        row_keys: `(batch,)` integer, what a sample depends on besides the seed; by default the
            row's place in the batch.

    Returns:
        A `SearchResult` of `n_best` hypotheses a source.

    Raises:
        ValueError, TypeError: if an argument is out of range, and for arguments of a call that
            do not belong together.
    """

    n_best: int

    def __init__(
        self,
        length_limits: LengthLimits | Mapping[str, Any] | None = None,
        constraints: Constraints | Mapping[str, Any] | None = None,
        start_id: int = 2,
        end_id: int = 3,
        pad_id: int = 0,
    ) -> None:
        checks.check_integer("start_id", start_id, minimum=0)
        checks.check_integer("end_id", end_id, minimum=0)
        checks.check_integer("pad_id", pad_id, minimum=0)
        self.length_limits = length_limits
        self.constraints = constraints
        self.start_id = int(start_id)  # NumPy's integers bring a type of their own
        self.end_id = int(end_id)
        self.pad_id = int(pad_id)
        self.length_rule = _options(LengthLimits, length_limits, "length_limits")
        self.output_rule = _options(Constraints, constraints, "constraints")

    def limits(self, source_lengths: Tensor) -> Limits:
        """Returns `(min_lengths, max_lengths)` of sources, both for the call.

        Args:
            source_lengths: `(batch,)` integer, in tokens as the caller counts them.
        """
        return self.length_rule(source_lengths)

    @abc.abstractmethod
    def search(self, request: Request) -> SearchResult:
        """Returns the hypotheses of a checked request."""

    def __call__(
        self,
        step: StepFunction,
        state: State,
        max_lengths: Tensor,
        source_length: Tensor,
        *,
        min_lengths: Tensor | None = None,
        source_mask: Tensor | None = None,
        prefix_ids: Tensor | None = None,
        prefix_lengths: Tensor | None = None,
        row_keys: Tensor | None = None,
    ) -> SearchResult:
        return self.search(
            self.request(
                step,
                state,
                max_lengths,
                source_length,
                min_lengths=min_lengths,
                source_mask=source_mask,
                prefix_ids=prefix_ids,
                prefix_lengths=prefix_lengths,
                row_keys=row_keys,
            )
        )

    def request(
        self,
        step: StepFunction,
        state: State,
        max_lengths: Tensor,
        source_length: Tensor,
        *,
        min_lengths: Tensor | None = None,
        source_mask: Tensor | None = None,
        prefix_ids: Tensor | None = None,
        prefix_lengths: Tensor | None = None,
        row_keys: Tensor | None = None,
    ) -> Request:
        """Returns the checked request of a call; see the class for its arguments."""
        if min_lengths is None and self.length_rule.demands_length:
            raise ValueError(
                "`min_lengths` must be given, since `length_limits` demands a minimum length. "
                "Received: None. Use `min_lengths, max_lengths = search.limits(source_lengths)`."
            )
        if (prefix_ids is None) != (prefix_lengths is None):
            missing = "prefix_ids" if prefix_ids is None else "prefix_lengths"
            raise ValueError(
                "`prefix_ids` and `prefix_lengths` must be given together. "
                f"Received: no `{missing}`."
            )
        limits = integers("max_lengths", max_lengths, axes=1)
        rows = {
            "min_lengths": _each("min_lengths", min_lengths, 1),
            "source_mask": None if source_mask is None else booleans("source_mask", source_mask, 2),
            "prefix_ids": _each("prefix_ids", prefix_ids, 2),
            "prefix_lengths": _each("prefix_lengths", prefix_lengths, 1),
            "row_keys": _each("row_keys", row_keys, 1),
        }
        state = [ops.convert_to_tensor(tensor) for tensor in state]
        check_rows({"max_lengths": limits, **rows}, state)
        if rows["prefix_ids"] is not None:
            lengths, ids = rows["prefix_lengths"], rows["prefix_ids"]
            check_lengths("prefix_lengths", lengths, "prefix_ids", ids)
            rows["prefix_ids"] = padded_ids(ids, lengths)
        return Request(step, state, limits, source_length, ops.max(limits, initial=1), **rows)

    def rules(self, request: Request) -> Rules:
        """Returns what steers the choice among the tokens of the request's rows."""
        return Rules(
            self.output_rule,
            self.end_id,
            request.min_lengths,
            request.prefix_ids,
            request.prefix_lengths,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, in a form that `.keras` files and YAML hold.

        Raises:
            ValueError: if a vocabulary mask is not registered with Keras.
        """
        return {
            "length_limits": keras.saving.serialize_keras_object(self.length_rule),
            "constraints": keras.saving.serialize_keras_object(self.output_rule),
            "start_id": self.start_id,
            "end_id": self.end_id,
            "pad_id": self.pad_id,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Search":
        """Returns the search of a config."""
        return cls(**config)


def _each(name: str, value: Any, axes: int) -> Tensor | None:
    return None if value is None else integers(name, value, axes)


def _options(kind: type[Options], options: Any, argument: str) -> Options:
    """Returns an object of `kind` from itself, a config, a mapping of its arguments, or None."""
    if isinstance(options, Mapping) and "class_name" in options:
        options = keras.saving.deserialize_keras_object(dict(options))
    if isinstance(options, kind):
        return options
    if options is None or isinstance(options, Mapping):
        return make(kind, options or {}, argument)
    raise TypeError(
        f"`{argument}` must be a `{kind.__name__}`, a mapping of its arguments, or None. "
        f"Received: {options!r}."
    )
