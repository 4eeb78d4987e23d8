"""One call of a step function, with what it returns checked as far as shapes are known."""

from keras import ops

from kerasseq.typing import State, StepFunction, Tensor


def checked_step(
    step: StepFunction, token_ids: Tensor, state: State, source_length: Tensor
) -> tuple[Tensor, State, Tensor]:
    """Returns `step(token_ids, state)`, log probabilities and attention weights in float32.

    Args:
        step: the step function.
        token_ids: `(rows,)` int32.
        state: a flat list of `(rows, ...)` tensors.
        source_length: the width that the attention weights must have.

    Returns:
        `(log_probabilities, state, attention_weights)`.

    Raises:
        ValueError: if there are more or fewer state tensors than before, or the attention
            weights are of another width.
    """
    log_probabilities, after, attention_weights = step(token_ids, list(state))
    if len(after) != len(state):
        raise ValueError(
            "`step` must return as many state tensors as it gets. "
            f"Received: {len(after)}, given {len(state)}."
        )
    width = attention_weights.shape[-1]
    if isinstance(source_length, int) and width not in (None, source_length):
        raise ValueError(
            "`step` must return attention weights as wide as `source_length`. "
            f"Received: {width}, source_length {source_length}."
        )
    return (
        ops.cast(log_probabilities, "float32"),
        list(after),
        ops.cast(attention_weights, "float32"),
    )
