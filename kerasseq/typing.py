"""The types that cross rooms, named once.

`Tensor` and `Shape` are `Any` on purpose: a Keras layer is called with symbolic, eager and
backend tensors alike, and Keras itself names no type that covers the three.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

Tensor: TypeAlias = Any
"""A symbolic, eager or backend tensor; its shape stands in the docstring that names it."""

Shape: TypeAlias = tuple[Any, ...]
"""A static shape: integers, and `None` where the size is known only at run time."""

State: TypeAlias = list[Tensor]
"""Everything that changes with a decoding step: a flat list of `(rows, ...)` tensors."""

StepFunction: TypeAlias = Callable[[Tensor, State], tuple[Tensor, State, Tensor]]
"""`step(token_ids, state) -> (log_probabilities, state, attention_weights)`.

`token_ids` is `(rows,)` int32, `log_probabilities` `(rows, vocabulary_size)` float32,
`attention_weights` `(rows, source_length)` float32; `rows` is `batch * beams`, beams of one
source side by side.
"""


class SourceStep(Protocol):
    """A step function that says what it knows of the sources, so that a search can leave some out.

    A search drops the sources that have ended from a batch, and computes no more of them. Any
    other step function computes all rows to the end.
    """

    prepared: list[Tensor]
    """What the step reads of the sources, the same at every step: `(batch, ...)` tensors."""

    def __call__(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """One step, as of any step function."""

    def bind(self, prepared: list[Tensor]) -> "SourceStep":
        """Returns the step of other sources, given what it reads of them."""


Strings: TypeAlias = Sequence[str] | Sequence[bytes] | Tensor
"""Texts: a list of `str` or UTF-8 `bytes`, or a string tensor of shape `(batch,)`."""
