"""Learning rates over the steps of a training, chosen by name through `SCHEDULES`.

Cosine decay with a warm-up is Keras' own `keras.optimizers.schedules.CosineDecay(0.0, decay_steps,
warmup_target=peak, warmup_steps=...)`; to lower the rate when a score stops rising there is
`ReloadOnPlateau`, which needs a plain number as the learning rate.
"""

from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.typing import Tensor


@register
class Noam(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, then decay with the inverse square root, at a height set by the width.

        rate = scale * units ** -0.5 * min(step ** -0.5, step * warmup_steps ** -1.5)

    For Transformers, as published; with `InverseSquareRoot` you say the peak itself. Steps count
    from 1, so that the first update learns.

    Args:
        units: width of the network (`d_model` of the paper).
        warmup_steps: the step at which the rate is highest.
        scale: a factor on the whole.

    Call arguments:
        step: the updates made so far, a scalar.

    Returns:
        The learning rate, a float32 scalar.

    Raises:
        ValueError: if an argument is not above 0.

    Example:

    >>> round(float(Noam(units=256, warmup_steps=100)(99)), 6)  # 1/16 * 1/10
    0.00625

    Reference:
        Vaswani et al. 2017, Attention Is All You Need, section 5.3.
    """

    def __init__(self, units: int, warmup_steps: int = 4000, scale: float = 1.0) -> None:
        super().__init__()
        checks.check_positive_integer("units", units)
        checks.check_positive_integer("warmup_steps", warmup_steps)
        checks.check_positive("scale", scale)
        self.units = units
        self.warmup_steps = warmup_steps
        self.scale = scale

    def __call__(self, step: Tensor) -> Tensor:
        peak = self.scale * (self.units * self.warmup_steps) ** -0.5
        return peak * warmed_inverse_square_root(step, self.warmup_steps)

    def get_config(self) -> dict[str, Any]:
        return {"units": self.units, "warmup_steps": self.warmup_steps, "scale": self.scale}


@register
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up to a peak, then decay with the inverse square root of the step.

        rate = peak_learning_rate * min(step / warmup_steps, (warmup_steps / step) ** 0.5)

    The shape of `Noam`, but the height is what you say. Steps count from 1, so that the first
    update learns.

    Args:
        peak_learning_rate: the highest rate.
        warmup_steps: the step at which it is reached.

    Call arguments:
        step: the updates made so far, a scalar.

    Returns:
        The learning rate, a float32 scalar.

    Raises:
        ValueError: if an argument is not above 0.

    Example:

    >>> schedule = InverseSquareRoot(0.5, warmup_steps=4)
    >>> [float(schedule(step)) for step in (0, 1, 3, 15)]
    [0.125, 0.25, 0.5, 0.25]
    """

    def __init__(self, peak_learning_rate: float, warmup_steps: int = 4000) -> None:
        super().__init__()
        checks.check_positive("peak_learning_rate", peak_learning_rate)
        checks.check_positive_integer("warmup_steps", warmup_steps)
        self.peak_learning_rate = peak_learning_rate
        self.warmup_steps = warmup_steps

    def __call__(self, step: Tensor) -> Tensor:
        return self.peak_learning_rate * warmed_inverse_square_root(step, self.warmup_steps)

    def get_config(self) -> dict[str, Any]:
        return {"peak_learning_rate": self.peak_learning_rate, "warmup_steps": self.warmup_steps}


def warmed_inverse_square_root(step: Tensor, warmup_steps: int) -> Tensor:
    """Returns 1 at step `warmup_steps`, less on both sides; `step` counts from 0."""
    ratio = (ops.cast(step, "float32") + 1.0) / warmup_steps
    return ops.minimum(ratio, ops.rsqrt(ratio))


SCHEDULES: dict[str, type[keras.optimizers.schedules.LearningRateSchedule]] = {
    "cosine": keras.optimizers.schedules.CosineDecay,
    "inverse_square_root": InverseSquareRoot,
    "noam": Noam,
}
