from typing import Any, ClassVar

from keras import ops

from kerasseq import checks
from kerasseq.layers.attention.hidden_layer_score import HiddenLayerScore, hidden_layer_score
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class LocationAwareAttention(HiddenLayerScore):
    """Additive attention that also sees where it looked at the step before.

    `score = v^T tanh(W q + U k + V f + b)`, `f = F * previous weights`: a convolution over the
    source. For alignments that move on step by step, in speech and in spelling: the score can
    learn to prefer what stands next. Before the first step the previous weights are zeros.

    Args:
        units: size of the hidden layer of the score.
        num_filters: how many filters `F` has.
        filter_size: how many positions a filter sees, around the one that is scored.
        kernel_initializer: initializer of `W`, `U`, `V`, `F` and `v`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if a size is not positive.

    Example:

    >>> import keras
    >>> attention = LocationAwareAttention(6, num_filters=2, filter_size=3)
    >>> context, weights = attention(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Chorowski et al., Attention-Based Models for Speech Recognition, 2015, equations 8 and 9.
    """

    score_past_count: ClassVar[int] = 1

    def __init__(
        self,
        units: int,
        num_filters: int = 10,
        filter_size: int = 21,
        kernel_initializer: Any = "glorot_uniform",
        distribution: Any = "softmax",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, kernel_initializer, distribution, **kwargs)
        checks.check_positive_integer("num_filters", num_filters)
        checks.check_positive_integer("filter_size", filter_size)
        self.num_filters = num_filters
        self.filter_size = filter_size

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_filters": self.num_filters,
            "filter_size": self.filter_size,
        }

    def build_score(self, query_size: int, memory_size: int) -> None:
        super().build_score(query_size, memory_size)
        initializer, filters = self.kernel_initializer, self.num_filters
        self.filters = self._add_kernel("filters", (self.filter_size, 1, filters), initializer)
        self.location_kernel = self._add_kernel(
            "location_kernel", (filters, self.units), initializer
        )
        self.bias = self.add_weight((self.units,), "zeros", name="bias")

    def keys(self, memory: Tensor) -> list[Tensor]:
        return [keys + ops.cast(self.bias, "float32") for keys in super().keys(memory)]

    def initial_score_past(self, mask: Tensor) -> State:
        return [ops.zeros_like(mask, dtype="float32")]

    def update_score_past(self, attention_weights: Tensor, past: State) -> State:
        return [attention_weights]

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        features = self._convolve(past[0])
        location = ops.matmul(features, ops.cast(self.location_kernel, "float32"))
        query = self._project(query, self.query_kernel)
        return hidden_layer_score(query, prepared[2], self.score_kernel, location)

    def _convolve(self, weights: Tensor) -> Tensor:
        """The features of each position, `(batch, queries, source_length, num_filters)`."""
        batch, queries, length = ops.shape(weights)
        rows = ops.reshape(weights, (batch * queries, length, 1))
        features = ops.conv(
            rows,
            ops.cast(self.filters, "float32"),
            padding="same",
            data_format="channels_last",
        )
        return ops.reshape(features, (batch, queries, length, self.num_filters))
