import math
from typing import Any

import keras
import numpy as np
from keras import ops


class InvalidLossError(FloatingPointError):
    """A loss, or a weight, became NaN or infinite.

    Args:
        message: what happened, where, and what to try.
        step: the update after which it was seen, counted from 1 over the whole training.
        epoch: the epoch, counted from 1.
        batch: the batch within the epoch, counted from 1; `None` at the end of an epoch.
    """

    def __init__(self, message: str, step: int, epoch: int, batch: int | None) -> None:
        super().__init__(message)
        self.step = step
        self.epoch = epoch
        self.batch = batch


class TerminateOnInvalidLoss(keras.callbacks.Callback):
    """Stops a training whose loss or weights have become NaN or infinite, and says where.

    Keras' `TerminateOnNaN` ends `fit` as if all were well: the callbacks of the epoch's end run
    and checkpoints take the ruined weights over the last good ones. This one raises, after every
    batch, after a validation, and at the end of an epoch if a weight is not finite (the last
    update of an epoch may ruin them after a good loss). So put it before whatever saves.

    Raises:
        InvalidLossError: with the step, the epoch and the batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # The loss in the logs is the mean over the epoch so far: once invalid, it stays so.
        self._check("training loss", (logs or {}).get("loss"), batch)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self._check("validation loss", (logs or {}).get("loss"), None)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for weight in self.model.trainable_weights:
            # The sum of x * 0 is 0 when all are finite, and NaN else: one pass, one number.
            if not math.isfinite(float(ops.convert_to_numpy(ops.sum(weight * 0)))):
                self._fail(f"weight '{weight.path}'", float("nan"), None)

    def _check(self, what: str, value: Any, batch: int | None) -> None:
        if value is not None and not np.isfinite(value):
            self._fail(what, float(value), batch)

    def _fail(self, what: str, value: float, batch: int | None) -> None:
        step = int(ops.convert_to_numpy(self.model.optimizer.iterations))
        place = "at the end" if batch is None else f"after batch {batch + 1}"
        raise InvalidLossError(
            f"The {what} became {value} by step {step}, {place} of epoch {self.epoch + 1}. "
            "The last checkpoint is as it was. Try a lower learning rate, a longer warm-up or "
            "gradient clipping (`global_clipnorm=1.0` of the optimiser), and look for empty or "
            "damaged pairs in that batch.",
            step,
            self.epoch + 1,
            None if batch is None else batch + 1,
        )
