from typing import Any, ClassVar

from keras import ops

from kerasseq import checks
from kerasseq.layers.attention.hidden_layer_score import HiddenLayerScore, hidden_layer_score
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class CoverageAttention(HiddenLayerScore):
    """Additive attention that also sees how much each position has been attended to so far.

    `score = v^T tanh(W q + U k + V c + b)`, `c_t = (a_1 + ... + a_{t-1}) / fertility`: the score
    can learn not to translate a word twice, nor to leave one out.

    Args:
        units: size of the hidden layer of the score.
        max_fertility: `None`: the fertility is 1, as See et al. have it. `N`: it is learnt for each
            source word, `N sigmoid(u^T k)`, up to how many target words it may give (Tu et al.).
        kernel_initializer: initializer of `W`, `U`, `V`, `u` and `v`.
        distribution: name of one of `DISTRIBUTIONS`, a config or a `Distribution`.

    See `Attention` for calls.

    Raises:
        ValueError: if `units` or `max_fertility` is not positive.

    Example:

    >>> import keras
    >>> attention = CoverageAttention(6)
    >>> context, weights = attention(keras.ops.ones((2, 3, 8)), keras.ops.ones((2, 5, 4)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 5))

    Reference:
        Tu et al., Modeling Coverage for Neural Machine Translation, 2016 (linguistic coverage);
        See et al., Get To The Point: Summarization with Pointer-Generator Networks, 2017.
    """

    score_past_count: ClassVar[int] = 1

    def __init__(
        self,
        units: int,
        max_fertility: float | None = None,
        kernel_initializer: Any = "glorot_uniform",
        distribution: Any = "softmax",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, kernel_initializer, distribution, **kwargs)
        if max_fertility is not None:
            checks.check_positive("max_fertility", max_fertility)
        self.max_fertility = max_fertility

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_fertility": self.max_fertility}

    def build_score(self, query_size: int, memory_size: int) -> None:
        super().build_score(query_size, memory_size)
        initializer = self.kernel_initializer
        self.coverage_kernel = self._add_kernel("coverage_kernel", (1, self.units), initializer)
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        if self.max_fertility is not None:
            self.fertility_kernel = self._add_kernel(
                "fertility_kernel", (memory_size, 1), initializer
            )

    def keys(self, memory: Tensor) -> list[Tensor]:
        keys = [each + ops.cast(self.bias, "float32") for each in super().keys(memory)]
        if self.max_fertility is None:
            return keys
        fertility = ops.sigmoid(self._project(memory, self.fertility_kernel))
        return [*keys, self.max_fertility * ops.squeeze(fertility, -1)]  # (batch, source_length)

    def initial_score_past(self, mask: Tensor) -> State:
        return [ops.zeros_like(mask, dtype="float32")]

    def update_score_past(self, attention_weights: Tensor, past: State) -> State:
        return [past[0] + attention_weights]

    def score(self, query: Tensor, prepared: list[Tensor], past: State) -> Tensor:
        coverage = past[0]  # (batch, queries, source_length)
        if self.max_fertility is not None:
            coverage = coverage / ops.expand_dims(prepared[3], 1)
        # As a product of matrices: the gradient of a broadcast one takes a third longer.
        coverage = ops.expand_dims(coverage, -1)
        location = ops.matmul(coverage, ops.cast(self.coverage_kernel, "float32"))
        query = self._project(query, self.query_kernel)
        return hidden_layer_score(query, prepared[2], self.score_kernel, location)
