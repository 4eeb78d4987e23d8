"""Weights that are multiplied by at every step of a loop, and those that are once for all steps."""

from typing import Any

import keras
from keras import ops

from kerasseq.layers.laid_out import is_slow, multiply_transposed, spread
from kerasseq.layers.loop_products import multiply
from kerasseq.typing import Tensor


class LoopWeights:
    """A weight matrix for the steps of a loop, laid out once for fast products.

    The copy is made where the object is, so make it before the loop. `laid_out.py` says why, and
    docs/performance.md what it brought.

    Args:
        weights: `(size, columns)`.
    """

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights
        self.size, self.columns = weights.shape
        dtype = keras.backend.standardize_dtype(weights.dtype)
        needs_copy = self.size > 0 and is_slow(None, self.columns, dtype)
        self.laid_out = spread(weights) if needs_copy else None

    def multiply(self, inputs: Tensor) -> Tensor:
        """Returns `(..., columns)`, the product of `(..., size)` inputs, in the weights' dtype."""
        inputs = ops.cast(inputs, self.weights.dtype)
        if self.size == 0:  # oneDNN ends the process over a fused product of no columns
            return ops.zeros((*ops.shape(inputs)[:-1], self.columns), inputs.dtype)
        return multiply(inputs, self.weights, self.laid_out)


def multiply_all_steps(inputs: Tensor, weights: Tensor) -> Tensor:
    """`ops.matmul` of `(..., size)` inputs of many positions by `(size, columns)` weights.

    With a gradient of the weights that reads memory as fast as the product does: of 2,048
    positions, 256 times 2,048 weights, it took 59 ms on a core with AVX2, and now 29.
    """
    size, columns = weights.shape
    if size == 0:
        return ops.zeros((*ops.shape(inputs)[:-1], columns), inputs.dtype)

    @ops.custom_gradient
    def product(inputs: Tensor, weights: Tensor) -> tuple[Tensor, Any]:
        def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> tuple[Tensor, Tensor]:
            upstream = arguments[0] if upstream is None else upstream
            of_weights = multiply_transposed(
                ops.reshape(inputs, (-1, size)), ops.reshape(upstream, (-1, columns))
            )
            return ops.matmul(upstream, ops.transpose(weights)), of_weights

        return ops.matmul(inputs, weights), gradient

    return product(inputs, weights)
