from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.attention.recording import record
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class MultiHeadAttention(Attention):
    """Several scaled dot products side by side, each in a space of its own.

    `head_i = distribution(q W_i (k U_i)^T / sqrt(d)) k V_i`, `context = [head_1; ...] O`, with
    `d = units / num_heads`. The context has the size of the memory. The attention weights are the
    mean over the heads; each head has its own past where the distribution remembers, so monotonic
    heads move on independently.

    Args:
        units: size of all heads together.
        num_heads: how many heads share `units`.
        kernel_initializer: initializer of the projections of query, keys and values and of `O`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if the heads cannot share `units` evenly.

    Example:

    >>> attention = MultiHeadAttention(8, num_heads=2)
    >>> context, weights = attention(keras.ops.ones((2, 3, 6)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Vaswani et al., Attention Is All You Need, 2017.
    """

    has_units: ClassVar[bool] = True

    def __init__(
        self,
        units: int,
        num_heads: int = 4,
        kernel_initializer: Any = "glorot_uniform",
        distribution: Any = "softmax",
        **kwargs: Any,
    ) -> None:
        super().__init__(distribution=distribution, **kwargs)
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("num_heads", num_heads)
        if units % num_heads:
            raise ValueError(
                f"`units` must be a multiple of `num_heads`. Received: units={units}, "
                f"num_heads={num_heads}."
            )
        self.units = units
        self.num_heads = num_heads
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "num_heads": self.num_heads,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def build_score(self, query_size: int, memory_size: int) -> None:
        initializer, units = self.kernel_initializer, self.units
        self.query_kernel = self._add_kernel("query_kernel", (query_size, units), initializer)
        self.key_kernel = self._add_kernel("key_kernel", (memory_size, units), initializer)
        self.value_kernel = self._add_kernel("value_kernel", (memory_size, units), initializer)
        self.output_kernel = self._add_kernel("output_kernel", (units, memory_size), initializer)

    def keys(self, memory: Tensor) -> list[Tensor]:
        """Keys `(batch, heads, head_size, source_length)`; values, their last two axes swapped."""
        keys = self._split(ops.matmul(memory, self._read(self.key_kernel)), (0, 2, 3, 1))
        values = self._split(ops.matmul(memory, self._read(self.value_kernel)), (0, 2, 1, 3))
        return [keys, values]

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        """Returns `(batch, heads * queries, source_length)`: the heads stand among the queries."""
        keys = prepared[2]
        query = ops.matmul(ops.cast(query, self.compute_dtype), self._read(self.query_kernel))
        scores = ops.matmul(self._split(query, (0, 2, 1, 3)), keys)
        return self._fold_heads(ops.cast(scores, "float32")) / keys.shape[2] ** 0.5

    def past_before(self, mask: Tensor) -> State:
        return [
            ops.repeat(ops.expand_dims(tensor, 1), self.num_heads, axis=1)
            for tensor in super().past_before(mask)
        ]

    def _attend_folded(
        self, query: Tensor, prepared: list[Tensor], past: State
    ) -> tuple[Tensor, Tensor, State]:
        mask, values = prepared[1], prepared[3]
        scores = self.score(query, prepared, [])
        weights, past = self.distribution_layer.distribute(
            scores,
            ops.expand_dims(mask, 1),
            ops.tile(query, (1, self.num_heads, 1)),
            [self._fold_heads(ops.swapaxes(tensor, 1, 2)) for tensor in past],
        )
        weights = self._unfold_heads(weights)  # (batch, heads, queries, source_length)
        past = [ops.swapaxes(self._unfold_heads(tensor), 1, 2) for tensor in past]
        heads = ops.matmul(ops.cast(weights, values.dtype), values)
        shape = (*ops.shape(query)[:2], self.units)
        joined = ops.reshape(ops.transpose(heads, (0, 2, 1, 3)), shape)
        context = ops.matmul(joined, self._read(self.output_kernel))
        record(self, scores, weights, context)
        return context, ops.mean(weights, axis=1), past

    def _split(self, values: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Cuts the last axis into heads, `(batch, length, heads, head_size)`, and orders `axes`."""
        batch, length = ops.shape(values)[:2]
        head_size = self.units // self.num_heads
        return ops.transpose(ops.reshape(values, (batch, length, self.num_heads, head_size)), axes)

    def _fold_heads(self, tensor: Tensor) -> Tensor:
        """`(batch, heads, queries, ...)` to `(batch, heads * queries, ...)`."""
        batch, heads, queries, *rest = ops.shape(tensor)
        return ops.reshape(tensor, (batch, heads * queries, *rest))

    def _unfold_heads(self, tensor: Tensor) -> Tensor:
        """`(batch, heads * queries, ...)` to `(batch, heads, queries, ...)`."""
        batch, folded, *rest = ops.shape(tensor)
        return ops.reshape(tensor, (batch, self.num_heads, folded // self.num_heads, *rest))
