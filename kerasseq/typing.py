"""The types that cross rooms, named once.

`Tensor` and `Shape` are `Any` on purpose: a Keras layer is called with symbolic, eager and
backend tensors alike, and Keras itself names no type that covers the three.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

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


class LogitsStep(Protocol):
    """A step function that can leave its log probabilities to be normalised.

    Of a large vocabulary, a search that reads the best few alone normalises those alone.
    """

    def __call__(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """One step, as of any step function."""

    def logits(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """One step with logits, `(rows, vocabulary_size)` float32, as its first result."""


class SharedStates(Protocol):
    """Which rows of a step continue one and the same state, as beams of one parent do."""

    distinct: Tensor
    """`(states,)` int32, for each distinct state a row that continues it."""

    def once(self, compute: Callable[[Tensor], Tensor], state: Tensor) -> Tensor:
        """Returns `compute(state)`, computed once for the rows that are equal.

        Args:
            compute: from `(states, size)` to `(states, columns)`, each row by itself.
            state: `(rows, size)`.
        """


class SharingStep(Protocol):
    """A step function that computes once what rows with one and the same state have in common."""

    shares_states: bool
    """Whether that saves more than finding the rows costs."""

    def __call__(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """One step, as of any step function."""

    def sharing(self, shared: SharedStates) -> "SharingStep":
        """Returns the step of rows that share states."""


Strings: TypeAlias = Sequence[str] | Sequence[bytes] | Tensor
"""Texts: a list of `str` or UTF-8 `bytes`, or a string tensor of shape `(batch,)`."""


class Trace(NamedTuple):
    """What a network did while it read one source and wrote one output, as arrays.

    The encoder's rows are those of the beginnings of the source: row `t` is what there would be
    if the source ended after its token `t`, and the last row what there was.

    Attributes:
        text: the output.
        source_tokens: what the encoder read, the end included.
        target_tokens: what the decoder wrote, the end included.
        memories: `(source_length, memory_length, memory_size)`; what stands behind a beginning has
            no meaning.
        handed_on: `(source_length, units)`, the first tensor that the decoder starts from; no
            units if it starts from zeros.
        states: `(target_length, units)`, the first tensor of the decoder's state after each step;
            no units if it has none.
        scores: `(target_length, heads, memory_length)`, before the distribution; no heads without
            attention.
        attention_weights: `(target_length, heads, memory_length)`; the search records their mean
            over the heads.
        contexts: `(target_length, size)`, what attention looked up; without attention, the context
            that the decoder reads at every step, always the same; no size if there is neither.
        token_scores: `(target_length,)`, the log probability of each token.
        candidates: for each step the likeliest tokens with their probabilities, best first.
        score_name: the class that scored, such as "GeneralAttention"; empty if the scores were
            not to be had and are logarithms of the weights, equal up to a constant a step.
        distribution_name: the class that made weights of scores, such as "Softmax", or empty.
        wiring: in which order decoder and attention work: "luong", "bahdanau", "conditional", or
            empty if that is not known.
    """

    text: str
    source_tokens: list[str]
    target_tokens: list[str]
    memories: Any
    handed_on: Any
    states: Any
    scores: Any
    attention_weights: Any
    contexts: Any
    token_scores: Any
    candidates: list[list[tuple[str, float]]]
    score_name: str = ""
    distribution_name: str = ""
    wiring: str = ""


class BeamNode(NamedTuple):
    """A beginning of an output that a beam search looked at: its last token, and what it continues.

    Attributes:
        step: the token's place in the output, from 0.
        parent: the place of the node that it continues in the list of nodes; None at the start.
        token: the token as text.
        log_probability: the token's own.
        score: the summed log probability of the beginning.
        ended: whether it is a complete output, set aside when its end was written.
        rank: its place among the outputs that were returned, from 0; None if it was not.
    """

    step: int
    parent: int | None
    token: str
    log_probability: float
    score: float
    ended: bool
    rank: int | None = None
