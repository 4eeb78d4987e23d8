from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.attention.attention import Attention
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class AdditiveAttention(Attention):
    """Scores by a small network: `score = v^T tanh(W q + U k)`, as Bahdanau did.

    Args:
        units: size of the hidden layer of the score.
        kernel_initializer: initializer of `W`, `U` and `v`.
        distribution: `"softmax"`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if `units` is not positive.

    Example:

    >>> attention = AdditiveAttention(6)
    >>> context, weights = attention(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015.
    """

    has_units: ClassVar[bool] = True

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        distribution: Any = "softmax",
        **kwargs: Any,
    ) -> None:
        super().__init__(distribution=distribution, **kwargs)
        checks.check_positive_integer("units", units)
        self.units = units
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build_score(self, query_size: int, memory_size: int) -> None:
        initializer = self.kernel_initializer
        self.query_kernel = self.add_weight(
            (query_size, self.units), initializer, name="query_kernel"
        )
        self.memory_kernel = self.add_weight(
            (memory_size, self.units), initializer, name="memory_kernel"
        )
        # As a column, so that the initializer sees fan-in and fan-out of a product.
        self.score_kernel = self.add_weight((self.units, 1), initializer, name="score_kernel")

    def keys(self, memory: Tensor) -> list[Tensor]:
        return [ops.matmul(memory, self._read(self.memory_kernel))]

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        keys = prepared[2]
        query = ops.matmul(ops.cast(query, keys.dtype), self._read(self.query_kernel))
        hidden = ops.tanh(  # (batch, queries, source_length, units)
            ops.expand_dims(query, 2) + ops.expand_dims(keys, 1)
        )
        return ops.squeeze(ops.matmul(hidden, self._read(self.score_kernel)), -1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
