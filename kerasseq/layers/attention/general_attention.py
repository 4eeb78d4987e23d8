from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.loop_products import multiply
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class GeneralAttention(Attention):
    """Scores by a bilinear form: `score = q^T W k`, also called multiplicative attention.

    The memory is projected once for a source, so a step costs no more than `DotAttention`. Query
    and memory may be of any sizes.

    Args:
        scale: whether the scores are multiplied by a learnt scalar that starts from 1. For
            `1 / sqrt(d)` see `ScaledDotAttention`.
        kernel_initializer: initializer of `W`, `(memory_size, query_size)`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Example:

    >>> context, weights = GeneralAttention()(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    def __init__(
        self,
        scale: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        distribution: Any = "softmax",
        **kwargs: Any,
    ) -> None:
        super().__init__(distribution=distribution, **kwargs)
        checks.check_boolean("scale", scale)
        self.scale = scale
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build_score(self, query_size: int, memory_size: int) -> None:
        shape = (memory_size, query_size)
        self.kernel = self._add_kernel("kernel", shape, self.kernel_initializer)
        if self.scale:
            self.gain = self.add_weight((), "ones", name="gain")

    def keys(self, memory: Tensor) -> list[Tensor]:
        keys = ops.matmul(memory, self._read(self.kernel))
        return [ops.transpose(keys, (0, 2, 1))]  # (batch, query_size, source_length)

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        keys = prepared[2]
        scores = ops.cast(multiply(ops.cast(query, keys.dtype), keys), "float32")
        return scores * ops.cast(self.gain, "float32") if self.scale else scores

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
