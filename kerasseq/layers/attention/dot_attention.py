from typing import Any

from keras import ops

from kerasseq.layers.attention.attention import Attention
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class DotAttention(Attention):
    """Scores by the dot product: `score = q . k`, the memory being its own key.

    The cheapest score, without weights; query and memory must be of one size.
    See `Attention` for arguments and calls.

    Raises:
        ValueError: if query and memory are of different sizes.

    Example:

    >>> import keras
    >>> context, weights = DotAttention()(keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    def build_score(self, query_size: int, memory_size: int) -> None:
        check_one_size(self, query_size, memory_size)

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        return dot_score(query, prepared[0])

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


def check_one_size(attention: Attention, query_size: int, memory_size: int) -> None:
    """Raises unless query and memory can be multiplied as they are."""
    if query_size != memory_size:
        raise ValueError(
            f"`{type(attention).__name__}` needs query and memory of one size. "
            f"Received: query {query_size}, memory {memory_size}. "
            "Use `GeneralAttention`, which has a matrix between them."
        )


def dot_score(query: Tensor, memory: Tensor) -> Tensor:
    """Returns `q . k` for all pairs, `(batch, queries, source_length)`."""
    return ops.matmul(ops.cast(query, memory.dtype), ops.transpose(memory, (0, 2, 1)))
