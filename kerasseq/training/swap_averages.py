from typing import Any

import keras
from keras import ops


class SwapAverages(keras.callbacks.Callback):
    """Lets everything be evaluated and saved with moving averages of the weights.

    For an optimiser with `use_ema=True`. The averages stand in the network while `evaluate` runs
    and, after an epoch, for the callbacks behind this one; training goes on with the weights it
    had, bit for bit (Keras' `SwapEMAWeights` swaps by adding and subtracting, which rounds them).
    After the last epoch Keras itself puts the averages into the network, for good.

    Put it before `TranslationMetrics` and whatever saves the network.

    Raises:
        ValueError: if the optimiser keeps no averages.

    Reference:
        Polyak and Juditsky 1992, Acceleration of Stochastic Approximation by Averaging.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: list[Any] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        optimizer = inner_optimizer(self.model.optimizer)
        if not optimizer.use_ema:
            raise ValueError(
                "`SwapAverages` needs an optimizer that averages weights. Received: "
                f"{type(optimizer).__name__} with use_ema=False. Make it with "
                "`use_ema=True`."
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.hide()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.show()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self.hide()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.show()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._held = []

    def show(self) -> None:
        """Puts the averages into the network, unless they are there or there are none yet."""
        optimizer = inner_optimizer(self.model.optimizer)
        if self._held or not int(ops.convert_to_numpy(optimizer.variables[0])):
            return
        variables = self.model.trainable_variables
        self._held = [ops.convert_to_numpy(variable) for variable in variables]
        for variable, average in zip(variables, averages_of(optimizer), strict=True):
            variable.assign(average)

    def hide(self) -> None:
        """Puts the weights back with which the training goes on."""
        if self._held:
            for variable, value in zip(self.model.trainable_variables, self._held, strict=True):
                variable.assign(value)
        self._held = []


def inner_optimizer(optimizer: Any) -> Any:
    """Returns the optimiser that makes the updates: in float16 Keras puts another around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def averages_of(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Returns the moving averages of an optimiser that was built with `use_ema=True`.

    Keras has no public way to them, but makes them first and names them after their variables.
    """
    variables = inner_optimizer(optimizer).variables
    return [variable for variable in variables if variable.name.endswith("_average")]
