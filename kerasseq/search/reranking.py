"""A new order of the hypotheses, by a weighted sum of scores."""

from collections.abc import Sequence

from keras import ops

from kerasseq.search.gathering import pick
from kerasseq.search.search_result import LOG_ZERO, SearchResult
from kerasseq.typing import Tensor


def rerank(
    result: SearchResult, scores: Sequence[Tensor], weights: Sequence[float]
) -> SearchResult:
    """Returns the same hypotheses in a new order, best first.

    The scores may come from anywhere: `result.scores` over the lengths, `score_tokens` with a
    model that reads right to left or from target to source, a language model, the length itself.

    Args:
        result: what a search returned.
        scores: `(batch, n_best)` each, larger is better.
        weights: what each of them counts in the sum.

    Returns:
        The hypotheses by falling sum; of equal sums the one that stood before goes first, and
        absent hypotheses go last. Their `scores` are what the search recorded.

    Raises:
        ValueError: if there is not one weight a score, and at least one, or a score has another
            shape than the hypotheses.
    """
    if not scores or len(scores) != len(weights):
        raise ValueError(
            "`scores` and `weights` must have the same number of members, and at least one. "
            f"Received: {len(scores)} scores, {len(weights)} weights."
        )
    total = ops.zeros_like(result.scores)
    for index, (score, weight) in enumerate(zip(scores, weights, strict=True)):
        score = ops.convert_to_tensor(score, "float32")
        if not _may_be_equal(score.shape, total.shape):
            raise ValueError(
                f"`scores[{index}]` must be `(batch, n_best)`. Received: shape "
                f"{tuple(score.shape)}, and hypotheses {tuple(total.shape)}."
            )
        total = total + weight * score
    total = ops.where(result.lengths > 0, total, LOG_ZERO)
    n_best = result.scores.shape[1] or ops.shape(result.scores)[1]
    order = ops.top_k(total, n_best)[1]  # (batch, n_best)
    return SearchResult(*(pick(tensor, order) for tensor in result))


def _may_be_equal(shape: Sequence[int | None], other: Sequence[int | None]) -> bool:
    """Whether two shapes are equal as far as they are known."""
    return len(shape) == len(other) and all(
        None in (size, known) or size == known for size, known in zip(shape, other, strict=True)
    )
