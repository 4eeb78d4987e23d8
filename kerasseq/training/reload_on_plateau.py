import logging
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq import checks
from kerasseq.training.callback_order import current_frame, siblings
from kerasseq.training.swap_averages import SwapAverages

logger = logging.getLogger(__name__)


class ReloadOnPlateau(keras.callbacks.Callback):
    """Goes back to the best weights with a lower learning rate when a score stops improving.

    Keras' `ReduceLROnPlateau` lowers the rate where the training stands, which may be well past
    the best point; this one lowers it there. The optimiser's moments go back too, its count of
    steps does not. Only the model's own memory is used: a copy of weights and moments.

    Args:
        monitor: the key in the logs; it must be there in each epoch.
        mode: `"min"` when less is better, `"max"` when more is.
        patience: epochs without improvement before it goes back.
        factor: what the learning rate is multiplied with, above 0 and below 1.
        min_delta: a change of no more than this is no improvement.
        minimum_learning_rate: the rate never falls below; once there, nothing is reloaded.
        averages: the `SwapAverages` that stands before it, if there is one: the weights that the
            training goes on with are what is kept and comes back, and not their averages. It
            hides them, so callbacks that save the averages stand between the two.

    Raises:
        ValueError: if an argument is out of range, the learning rate is a schedule, the logs
            lack `monitor`, or it stands behind a `SwapAverages` that it was not given.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "min",
        patience: int = 1,
        factor: float = 0.5,
        min_delta: float = 0.0,
        minimum_learning_rate: float = 0.0,
        averages: SwapAverages | None = None,
    ) -> None:
        super().__init__()
        checks.check_string("monitor", monitor)
        checks.check_one_of("mode", mode, ("max", "min"))
        checks.check_positive_integer("patience", patience)
        checks.check_positive("factor", factor)
        checks.check_rate("factor", factor)
        checks.check_number("min_delta", min_delta, minimum=0)
        checks.check_number("minimum_learning_rate", minimum_learning_rate, minimum=0)
        self.monitor = monitor
        self.mode = mode
        self.patience = patience
        self.factor = factor
        self.min_delta = min_delta
        self.minimum_learning_rate = minimum_learning_rate
        self.averages = averages
        self._forget()

    def _forget(self) -> None:
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.best_variables: list[np.ndarray] | None = None
        self.wait = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._forget()
        self._check_averages(siblings(current_frame()))
        optimizer = self.model.optimizer
        try:
            optimizer.learning_rate = self._learning_rate()
        except TypeError as error:  # so Keras says that the rate cannot be set
            raise ValueError(
                "`ReloadOnPlateau` needs a learning rate that is a number, to lower it. "
                "Received: an optimizer with a schedule. Drop one of the two."
            ) from error

    def _check_averages(self, callbacks: Sequence[Any]) -> None:
        before = callbacks[: callbacks.index(self)] if self in callbacks else []
        if self.averages is None and any(isinstance(each, SwapAverages) for each in before):
            raise ValueError(
                "`ReloadOnPlateau` stands behind a `SwapAverages`, so it would keep averages in "
                "the place of the weights. Received: averages=None. Pass it that `SwapAverages` "
                "as `averages`."
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {} if logs is None else logs
        if self.monitor not in logs:
            raise ValueError(
                f"`monitor` must be a key of the logs in each epoch. Received: '{self.monitor}', "
                f"the logs have {sorted(logs)}."
            )
        if self.averages is not None:
            self.averages.hide()
        logs["learning_rate"] = self._learning_rate()
        if self._improves(float(logs[self.monitor])):
            self.best, self.best_epoch, self.wait = float(logs[self.monitor]), epoch, 0
            self.best_variables = [ops.convert_to_numpy(v) for v in self._variables()]
            return
        self.wait += 1
        if self.wait >= self.patience:
            self._reload(epoch)

    def _improves(self, score: float) -> bool:
        if np.isnan(score):  # worse than any number
            return False
        if self.best is None:
            return True
        gain = score - self.best if self.mode == "max" else self.best - score
        return gain > self.min_delta

    def _reload(self, epoch: int) -> None:
        old = self._learning_rate()
        new = max(old * self.factor, self.minimum_learning_rate)
        if np.float32(new) >= old or self.best_variables is None or self.best_epoch is None:
            return
        for variable, value in zip(self._variables(), self.best_variables, strict=True):
            variable.assign(value)
        self.model.optimizer.learning_rate = new
        self.wait = 0
        logger.info(
            "epoch %d: no better %s than %.4g of epoch %d; back to it, learning rate %.3g -> %.3g",
            *(epoch + 1, self.monitor, self.best, self.best_epoch + 1, old, new),
        )

    def _learning_rate(self) -> float:
        return float(ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def _variables(self) -> list[keras.Variable]:
        """What goes back: weights and moments, but not the count of steps nor the rate.

        Nor gradients that wait for an update: how many they are goes with the count of steps.
        """
        kept = ("iteration", "learning_rate", "gradient_accumulator")
        moments = [v for v in self.model.optimizer.variables if not v.name.endswith(kept)]
        return [*self.model.weights, *moments]

    def get_state(self) -> dict[str, Any]:
        """Returns what a resumed training needs, but for the arrays of `get_arrays`."""
        return {"best": self.best, "best_epoch": self.best_epoch, "wait": self.wait}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes up what `get_state` gave; call it after `on_train_begin`, which forgets."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.wait = state["wait"]

    def get_arrays(self) -> list[np.ndarray]:
        """Returns the best weights and moments so far, which a resumed training needs too."""
        return list(self.best_variables or [])

    def set_arrays(self, arrays: Sequence[np.ndarray]) -> None:
        """Takes up what `get_arrays` gave; call it after `on_train_begin`, which forgets."""
        self.best_variables = list(arrays) or None
