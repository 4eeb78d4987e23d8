from typing import Any, ClassVar

from keras import ops

from kerasseq import checks
from kerasseq.layers import masking
from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.layers.attention.distributions.windows import real_length, real_positions
from kerasseq.serialization import register
from kerasseq.typing import State, Tensor


@register
class LocalMWindow(Distribution):
    """Monotonic local attention (local-m): a softmax in a window that moves by one at each step.

    At step `t`, counted from 0, the window is `[t - D, t + D]`. For source and target of about one
    length and one order, as in spelling and transliteration. Past the end of a source it stays at
    the last real position, as in the authors' program: a longer target still sees something.

    Args:
        window: `D`, how many positions the window holds to each side of its middle.

    See `Distribution` for calls.

    Raises:
        ValueError: if `window` is not positive.

    Example:

    >>> import keras
    >>> scores = keras.ops.zeros((1, 1, 4))
    >>> mask = keras.ops.ones((1, 1, 4), "bool")
    >>> LocalMWindow(window=1)(scores, mask, scores).numpy().tolist()
    [[[0.5, 0.5, 0.0, 0.0]]]

    Reference:
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015,
        section 3.2.
    """

    past_count: ClassVar[int] = 1
    counts_steps: ClassVar[bool] = True

    def __init__(self, window: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("window", window)
        self.window = window

    def initial_past(self, mask: Tensor) -> State:
        return [ops.zeros_like(ops.any(mask, axis=1), dtype="int32")]

    def distribute(
        self, scores: Tensor, mask: Tensor, query: Tensor, past: State
    ) -> tuple[Tensor, State]:
        (step,) = past  # (batch, queries)
        middle = ops.minimum(ops.cast(step, "float32"), real_length(mask) - 1)
        distance = ops.abs(real_positions(mask) - ops.expand_dims(middle, -1))
        inside = ops.logical_and(mask, distance <= self.window)
        return masking.masked_softmax(scores, inside), [step + 1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window}
