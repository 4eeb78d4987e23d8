from typing import Any

from keras import ops

from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.attention.dot_attention import check_one_size, dot_score
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class ScaledDotAttention(Attention):
    """Scores by the dot product over the root of its size: `score = q . k / sqrt(d)`.

    Without weights, as `DotAttention`; the scores of large vectors do not grow with their size,
    so the softmax starts out flatter.
    See `Attention` for arguments and calls.

    Raises:
        ValueError: if query and memory are of different sizes.

    Example:

    >>> import keras
    >>> query, memory = keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 5, 4))
    >>> context, weights = ScaledDotAttention()(query, memory)
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Vaswani et al., Attention Is All You Need, 2017.
    """

    def build_score(self, query_size: int, memory_size: int) -> None:
        check_one_size(self, query_size, memory_size)

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        # In float32: a division of the query would round it once more in half precision.
        scores = ops.cast(dot_score(query, prepared[0]), "float32")
        return scores / query.shape[-1] ** 0.5

    def get_config(self) -> dict[str, Any]:
        return super().get_config()
