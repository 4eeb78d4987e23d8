from typing import Any, ClassVar

from keras import ops

from kerasseq import checks
from kerasseq.layers import masking
from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.layers.attention.distributions.windows import real_length, real_positions
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class LocalPWindow(Distribution):
    """Predictive local attention (local-p): a softmax in a window that the query places.

    `p = S sigmoid(v^T tanh(W h))` for a source of `S` real positions;
    `weights_s = softmax(scores)_s exp(-(s - p)^2 / (2 sigma^2))`, the softmax over
    `[p - D, p + D]` and `sigma = D / 2`. The bell is why rows sum to less than 1, and what `W` and
    `v` learn from.

    Args:
        window: `D`, how many positions the window holds to each side of its middle.

    See `Distribution` for calls.

    Raises:
        ValueError: if `window` is not positive.

    Example:

    >>> import keras
    >>> scores = keras.ops.zeros((1, 1, 5))
    >>> mask = keras.ops.ones((1, 1, 5), "bool")
    >>> weights = LocalPWindow(window=1)(scores, mask, scores)  # the query is 0, so p = 5 / 2
    >>> [round(float(weight), 3) for weight in weights[0, 0]]
    [0.0, 0.0, 0.303, 0.303, 0.0]

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015,
        equations 9 and 10.
    """

    sums_to_one: ClassVar[bool] = False

    def __init__(self, window: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("window", window)
        self.window = window

    def build(self, scores_shape: Shape, query_shape: Shape) -> None:
        size = query_shape[-1]
        self.hidden_kernel = self.add_weight((size, size), "glorot_uniform", name="hidden_kernel")
        self.position_kernel = self.add_weight((size, 1), "glorot_uniform", name="position_kernel")
        self.built = True

    def distribute(
        self, scores: Tensor, mask: Tensor, query: Tensor, past: State
    ) -> tuple[Tensor, State]:
        middle = real_length(mask)[..., None] * self._share(query)  # (batch, queries, 1)
        distance = real_positions(mask) - middle  # (batch, queries, source_length)
        inside = ops.logical_and(mask, ops.abs(distance) <= self.window)
        bell = ops.exp(-2.0 * ops.square(distance / self.window))
        return masking.masked_softmax(scores, inside) * bell, past

    def _share(self, query: Tensor) -> Tensor:
        """Where in the source the middle of the window is, from 0 to 1, `(batch, queries, 1)`."""
        query = ops.cast(query, self.compute_dtype)
        hidden = ops.matmul(query, self._read(self.hidden_kernel))
        hidden = ops.tanh(ops.cast(hidden, "float32"))
        return ops.sigmoid(ops.matmul(hidden, ops.cast(self.position_kernel, "float32")))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window}
