"""How much of the source was left unread: a reward for hypotheses that attend to all of it."""

from keras import ops

from kerasseq.typing import Tensor

SMALLEST_COVERAGE = 1e-6  # a source position that was never attended to has a finite logarithm


def coverage_penalty(coverage: Tensor, source_mask: Tensor | None, beta: float) -> Tensor:
    """Returns `beta * sum_i log(min(coverage_i, 1))`, at most 0, over the real positions.

    Args:
        coverage: `(rows, source_length)` float32, attention weights summed over the output.
        source_mask: `(rows, source_length)` boolean, True where the source is real; None is all.
        beta: the weight, at least 0.

    Returns:
        `(rows,)` float32, to be added to a ranking.

    Reference:
        Wu et al. 2016, "Google's Neural Machine Translation System", equation 14.
    """
    logarithms = ops.log(ops.clip(coverage, SMALLEST_COVERAGE, 1.0))
    if source_mask is not None:
        logarithms = ops.where(source_mask, logarithms, 0.0)
    return beta * ops.sum(logarithms, axis=-1)
