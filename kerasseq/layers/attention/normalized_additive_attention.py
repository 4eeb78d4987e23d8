import keras
from keras import ops

from kerasseq.layers.attention.hidden_layer_score import HiddenLayerScore, hidden_layer_score
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class NormalizedAdditiveAttention(HiddenLayerScore):
    """Additive attention with weight normalisation: `score = g v^T / ||v|| tanh(W q + U k + b)`.

    `g` is a learnt scalar that starts from `sqrt(1 / units)`, the bias `b` starts from zeros. It
    often learns faster than `AdditiveAttention`: the size of the scores is one number.

    Args:
        units: size of the hidden layer of the score.
        kernel_initializer: initializer of `W`, `U` and `v`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if `units` is not positive.

    Example:

    >>> attention = NormalizedAdditiveAttention(6)
    >>> context, weights = attention(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Salimans & Kingma, Weight Normalization, 2016; as in `tfa.seq2seq.BahdanauAttention` with
        `normalize=True`.
    """

    def build_score(self, query_size: int, memory_size: int) -> None:
        super().build_score(query_size, memory_size)
        gain = keras.initializers.Constant((1.0 / self.units) ** 0.5)
        self.gain = self.add_weight((), gain, name="gain")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")

    def keys(self, memory: Tensor) -> list[Tensor]:
        return [keys + ops.cast(self.bias, "float32") for keys in super().keys(memory)]

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        kernel = ops.cast(self.score_kernel, "float32")
        kernel = ops.cast(self.gain, "float32") * kernel * ops.rsqrt(ops.sum(ops.square(kernel)))
        return hidden_layer_score(self._project(query, self.query_kernel), prepared[2], kernel)
