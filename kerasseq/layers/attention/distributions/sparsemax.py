from typing import Any

from keras import ops

from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class Sparsemax(Distribution):
    """The point of the simplex nearest to the scores: most weights are exactly 0.

    `weights = max(scores - threshold, 0)`, with the threshold for which they sum to 1. For when an
    alignment should name few positions, and say of the others that they played no part.

    See `Distribution` for calls.

    Example:

    >>> import keras
    >>> scores = keras.ops.convert_to_tensor([[[1.0, 0.5, -1.0, 9.0]]])
    >>> mask = keras.ops.convert_to_tensor([[[True, True, True, False]]])
    >>> Sparsemax()(scores, mask, scores).numpy().tolist()
    [[[0.75, 0.25, 0.0, 0.0]]]

    Reference:
        Martins & Astudillo, From Softmax to Sparsemax, 2016.
    """

    def distribute(
        self, scores: Tensor, mask: Tensor, query: Tensor, past: State
    ) -> tuple[Tensor, State]:
        real = _among(mask, scores, -1e30)
        highest = ops.stop_gradient(ops.max(real, axis=-1, keepdims=True, initial=-1e30))
        # With the highest score at 0 the threshold is at least -1: what is below never counts,
        # and sums stay small enough to be exact. Padding stands below.
        scores = _among(mask, ops.maximum(scores - highest, -2.0), -2.0)
        support = ops.stop_gradient(scores > _threshold(scores))
        # The same threshold from the support alone: its gradient needs no way back through a sort.
        count = ops.maximum(ops.sum(ops.cast(support, "float32"), axis=-1, keepdims=True), 1.0)
        threshold = (ops.sum(_among(support, scores, 0.0), axis=-1, keepdims=True) - 1.0) / count
        inside = ops.logical_and(support, mask)
        return _among(inside, ops.maximum(scores - threshold, 0.0), 0.0), past

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


def _among(mask: Tensor, values: Tensor, otherwise: float) -> Tensor:
    return ops.where(mask, values, otherwise)


def _threshold(scores: Tensor) -> Tensor:
    """The threshold by the sorted scores: equations 4 and 5 of the paper, `(..., 1)`."""
    falling = -ops.sort(-scores, axis=-1)
    rank = ops.cumsum(ops.ones_like(falling), axis=-1)
    sums = ops.cumsum(falling, axis=-1)
    supported = ops.cast(1.0 + rank * falling > sums, "float32")
    count = ops.sum(supported, axis=-1, keepdims=True)
    total = ops.sum(supported * falling, axis=-1, keepdims=True)
    return (total - 1.0) / ops.maximum(count, 1.0)
