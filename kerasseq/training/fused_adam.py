from typing import Any

import keras

from kerasseq.serialization import register
from kerasseq.training import tensorflow_kernels
from kerasseq.typing import Tensor


@register
class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam in one pass over memory, where TensorFlow has a kernel for it.

    The optimiser to train with on a CPU: an update takes a third of the time of Keras' own, whose
    seven operations for each variable read and write it as many times. Arguments and saved state
    are the same: a model that was saved with one of the two goes on with the other. So are the
    numbers: updates to 1e-6 of their size, velocities to 2e-5 in float32, where the kernel rounds
    1 - beta_2 otherwise. Clipping, weight decay, moving averages and gradient accumulation are
    Keras' and stay around the kernel; `global_clipnorm=1.0` is what recurrent networks want.

    Keras' own update runs with another backend, with `amsgrad=True`, for variables in half
    precision, and for sparse gradients. About the last: for a row that occurs several times in a
    batch Keras adds the squares of the parts instead of squaring their sum, and clips by a norm
    that has the same fault. An embedding whose gradient is dense avoids both, and is faster.

    Args:
        learning_rate: a number or a learning rate schedule.
        beta_1: decay of the mean of the gradients.
        beta_2: decay of the mean of their squares.
        epsilon: keeps the division finite ("epsilon hat" of the paper).
        amsgrad: use the largest mean of squares so far.
        **kwargs: what every Keras optimiser takes: `global_clipnorm`, `weight_decay`, `use_ema`,
            `gradient_accumulation_steps`, `name` and more, in Keras' order.

    Example:

    >>> variable = keras.Variable([1.0, 2.0])
    >>> optimizer = FusedAdam(0.5)
    >>> optimizer.apply([keras.ops.convert_to_tensor([3.0, -4.0])], [variable])
    >>> [round(float(value), 3) for value in variable.numpy()]  # the first step is the sign
    [0.5, 2.5]

    Reference:
        Kingma and Ba 2015, Adam: A Method for Stochastic Optimization.
    """

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        if self.amsgrad or not tensorflow_kernels.can_apply_adam(gradient, variable):
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        tensorflow_kernels.apply_adam(
            variable,
            self._momentums[index],
            self._velocities[index],
            gradient,
            learning_rate,
            self.iterations + 1,
            self,
        )
