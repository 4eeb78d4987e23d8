"""How often a decoder in training reads its own token, over the steps of a training.

Bengio et al. 2015 write eps_i for the probability of reading the token of the data. Every rate
here is the other one, the probability of reading the model's own token: 1 - eps_i.
"""

import abc
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.typing import Tensor


class SamplingRate(abc.ABC):
    """The contract of a schedule for scheduled sampling.

    Call arguments:
        step: the training steps made so far, a scalar.

    Returns:
        The probability of reading the model's own token, a float32 scalar in [0, 1].

    Reference:
        Bengio et al. 2015, Scheduled Sampling for Sequence Prediction with Recurrent Neural
        Networks.
    """

    @abc.abstractmethod
    def __call__(self, step: Tensor) -> Tensor:
        """Returns the rate at a step."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SamplingRate":
        return cls(**config)


@register
class ConstantRate(SamplingRate):
    """The same rate at every step.

    Args:
        rate: the probability of reading the model's own token.

    Example:

    >>> float(ConstantRate(0.25)(1000))
    0.25
    """

    def __init__(self, rate: float) -> None:
        checks.check_probability("rate", rate)
        self.rate = rate

    def __call__(self, step: Tensor) -> Tensor:
        return ops.convert_to_tensor(self.rate, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate}


@register
class LinearRate(SamplingRate):
    """A straight line from 0 to `final_rate`, then that.

    Args:
        steps: the step at which `final_rate` is reached.
        final_rate: the highest rate.

    Example:

    >>> [float(LinearRate(100, final_rate=0.5)(step)) for step in (0, 50, 100, 999)]
    [0.0, 0.25, 0.5, 0.5]
    """

    def __init__(self, steps: int, final_rate: float = 1.0) -> None:
        checks.check_positive_integer("steps", steps)
        checks.check_probability("final_rate", final_rate)
        self.steps = steps
        self.final_rate = final_rate

    def __call__(self, step: Tensor) -> Tensor:
        return self.final_rate * ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"steps": self.steps, "final_rate": self.final_rate}


@register
class ExponentialRate(SamplingRate):
    """1 - decay ** step, at most `final_rate`: rises at once and levels off.

    Args:
        decay: what the probability of reading the data's token is multiplied with at each step;
            below 1, and close to it (0.9999).
        final_rate: the highest rate.

    Example:

    >>> [float(ExponentialRate(0.5, final_rate=0.8)(step)) for step in (0, 1, 2)]
    [0.0, 0.5, 0.75]
    """

    def __init__(self, decay: float, final_rate: float = 1.0) -> None:
        checks.check_rate("decay", decay)
        checks.check_probability("final_rate", final_rate)
        self.decay = decay
        self.final_rate = final_rate

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        return ops.minimum(1.0 - ops.power(self.decay, step), self.final_rate)

    def get_config(self) -> dict[str, Any]:
        return {"decay": self.decay, "final_rate": self.final_rate}


@register
class InverseSigmoidRate(SamplingRate):
    """1 - k / (k + exp(step / k)), at most `final_rate`: late, then fast, then level.

    Args:
        k: sets the pace; half of the tokens are the model's own at step k * log(k).
        final_rate: the highest rate.

    Example:

    >>> float(InverseSigmoidRate(1.0)(0))  # 1 - 1 / (1 + exp(0))
    0.5
    """

    def __init__(self, k: float, final_rate: float = 1.0) -> None:
        checks.check_number("k", k, minimum=1)
        checks.check_probability("final_rate", final_rate)
        self.k = k
        self.final_rate = final_rate

    def __call__(self, step: Tensor) -> Tensor:
        # exp(step / k) overflows at step 89 * k; as a sigmoid the same quotient cannot.
        exponent = ops.cast(step, "float32") / self.k - ops.log(float(self.k))
        return ops.minimum(ops.sigmoid(exponent), self.final_rate)

    def get_config(self) -> dict[str, Any]:
        return {"k": self.k, "final_rate": self.final_rate}


SAMPLING_RATES: dict[str, type[SamplingRate]] = {
    "constant": ConstantRate,
    "exponential": ExponentialRate,
    "inverse_sigmoid": InverseSigmoidRate,
    "linear": LinearRate,
}
