"""One call of a step function, with what it returns checked as far as shapes are known."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.candidates import top_candidates
from kerasseq.search.gathering import pick
from kerasseq.typing import State, StepFunction, Tensor


class StepScores(NamedTuple):
    """What a step says of each token.

    Attributes:
        values: `(rows, vocabulary_size)` float32, log probabilities, or logits.
        normalized: whether they are log probabilities.
    """

    values: Tensor
    normalized: bool

    def best(self, count: int) -> tuple[Tensor, Tensor]:
        """Returns the best few and their ids, `(rows, count)` each, normalised in any case.

        The largest logit and its probability tell what logits must lose: the logarithm of their
        sum. So one softmax is all that passes over the vocabulary besides the choice itself.
        """
        values, ids = top_candidates(self.values, count)
        if self.normalized:
            return values, ids
        probability = pick(ops.softmax(self.values), ids[:, :1])  # at least 1 / vocabulary_size
        return values - (values[:, :1] - ops.log(probability)), ids


def checked_step(
    step: StepFunction,
    token_ids: Tensor,
    state: State,
    source_length: Tensor,
    best_only: bool = False,
) -> tuple[StepScores, State, Tensor]:
    """Returns `step(token_ids, state)`, scores and attention weights in float32.

    Args:
        step: the step function.
        token_ids: `(rows,)` int32.
        state: a flat list of `(rows, ...)` tensors.
        source_length: the width that the attention weights must have.
        best_only: whether nothing but `best` will be asked of the scores, so that logits do, if
            the step has them; see `LogitsStep`.

    Returns:
        `(scores, state, attention_weights)`.

    Raises:
        ValueError: if there are more or fewer state tensors than before, the attention weights are
            of another width, or log probabilities or weights have not one row a token.
    """
    logits = getattr(step, "logits", None) if best_only else None
    values, after, attention_weights = (logits or step)(token_ids, list(state))
    if len(after) != len(state):
        raise ValueError(
            "`step` must return as many state tensors as it gets. "
            f"Received: {len(after)}, given {len(state)}."
        )
    _check_rows("log probabilities", values, token_ids)
    _check_rows("attention weights", attention_weights, token_ids)
    width = attention_weights.shape[-1]
    if isinstance(source_length, int) and width not in (None, source_length):
        raise ValueError(
            "`step` must return attention weights as wide as `source_length`. "
            f"Received: {width}, source_length {source_length}."
        )
    return (
        StepScores(ops.cast(values, "float32"), logits is None),
        list(after),
        ops.cast(attention_weights, "float32"),
    )


def _check_rows(name: str, returned: Tensor, token_ids: Tensor) -> None:
    shape, rows = tuple(returned.shape), token_ids.shape[0]
    if len(shape) != 2 or (None not in (shape[0], rows) and shape[0] != rows):
        raise ValueError(
            f"`step` must return {name} of two axes, with one row a token id. "
            f"Received: shape {shape} for {'some' if rows is None else rows} token ids."
        )
