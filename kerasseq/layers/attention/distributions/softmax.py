from typing import Any

from kerasseq import checks
from kerasseq.layers import masking
from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class Softmax(Distribution):
    """`weights = softmax(scores / temperature)` over what is real.

    Args:
        temperature: above 1 flattens the weights, below 1 sharpens them.

    Example:

    >>> import keras
    >>> scores = keras.ops.zeros((1, 1, 3))
    >>> mask = keras.ops.convert_to_tensor([[[True, True, False]]])
    >>> Softmax()(scores, mask, scores).numpy().tolist()
    [[[0.5, 0.5, 0.0]]]
    """

    def __init__(self, temperature: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checks.check_positive("temperature", temperature)
        self.temperature = temperature

    def distribute(
        self, scores: Tensor, mask: Tensor, query: Tensor, past: State
    ) -> tuple[Tensor, State]:
        if self.temperature != 1.0:
            scores = scores / self.temperature
        return masking.masked_softmax(scores, mask), past

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "temperature": self.temperature}
