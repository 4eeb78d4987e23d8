from kerasseq.layers.attention.hidden_layer_score import HiddenLayerScore, hidden_layer_score
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class AdditiveAttention(HiddenLayerScore):
    """Scores by a small network: `score = v^T tanh(W q + U k)`, as Bahdanau did.

    Args:
        units: size of the hidden layer of the score.
        kernel_initializer: initializer of `W`, `U` and `v`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if `units` is not positive.

    Example:

    >>> import keras
    >>> attention = AdditiveAttention(6)
    >>> context, weights = attention(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015.
    """

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        query = self._project(query, self.query_kernel)
        return hidden_layer_score(query, prepared[2], self.score_kernel)
