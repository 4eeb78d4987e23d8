from kerasseq.layers.attention.hidden_layer_score import HiddenLayerScore, hidden_layer_score
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class ConcatAttention(HiddenLayerScore):
    """Scores the joined query and key: `score = v^T tanh(W [q; k])`, as Luong did.

    The same function as `AdditiveAttention` with one matrix in place of two: `W` is started as one
    of `query_size + memory_size` rows, and holds those of the query first. Its halves are applied
    apart, so nothing is joined.

    Args:
        units: size of the hidden layer of the score.
        kernel_initializer: initializer of `W` and `v`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if `units` is not positive.

    Example:

    >>> import keras
    >>> attention = ConcatAttention(6)
    >>> context, weights = attention(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015,
        equation 8.
    """

    def build_score(self, query_size: int, memory_size: int) -> None:
        shape = (query_size + memory_size, self.units)
        self.kernel = self._add_kernel("kernel", shape, self.kernel_initializer)
        self.score_kernel = self._add_kernel(
            "score_kernel", (self.units, 1), self.kernel_initializer
        )

    def keys(self, memory: Tensor) -> list[Tensor]:
        return [self._project(memory, self.kernel[-memory.shape[-1] :])]

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        query = self._project(query, self.kernel[: query.shape[-1]])
        return hidden_layer_score(query, prepared[2], self.score_kernel)
