import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.training.swap_averages import inner_optimizer


class InvalidLossError(FloatingPointError):
    """A loss, or a weight, became NaN or infinite.

    Args:
        message: what happened, where, and what to try.
        step: the batch after which it was seen, counted from 1 over the whole training.
        epoch: the epoch, counted from 1.
        batch: the batch within the epoch, counted from 1, in which it was seen or whose update made
            the weights so; `None` if a validation alone gave it.
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

    The loss of a batch becomes invalid by what is in it, or by the update after the batch before:
    a gradient may be infinite where the loss is not. `describe` shows what was in it.

    Args:
        describe: from the epoch and the batch, both counted from 0, to a sentence that shows the
            batch; it stands in the message.

    Raises:
        InvalidLossError: with the step, the epoch and the batch.
    """

    def __init__(self, describe: Callable[[int, int], str] | None = None) -> None:
        super().__init__()
        self.describe = describe
        self.epoch = 0
        self.batch = 0
        self.step = self.before = 0  # now, and before the epoch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # Not `iterations`, which counts updates: with accumulation there are fewer of them. From
        # here on batches are counted: in float16 one may have had no update.
        optimizer = inner_optimizer(self.model.optimizer)
        self.step = int(ops.convert_to_numpy(optimizer.variables[0]))

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch, self.before = epoch, self.step

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.batch = batch
        self.step = self.before + batch + 1  # Keras may run several batches in one go
        # The loss in the logs is the mean over the epoch so far: once invalid, it stays so.
        self._check("training loss", (logs or {}).get("loss"), batch)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            self._check_weights()  # then it was an update, and not the held-out pairs
        self._check("validation loss", loss, None)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._check_weights()

    def _check_weights(self) -> None:
        for weight in self.model.trainable_weights:
            # The sum of x * 0 is 0 when all are finite, and NaN else: one pass, one number.
            if not math.isfinite(float(ops.convert_to_numpy(ops.sum(weight * 0)))):
                self._fail(f"weight '{weight.path}'", float("nan"), self.batch)

    def _check(self, what: str, value: Any, batch: int | None) -> None:
        if value is not None and not np.isfinite(value):
            self._fail(what, float(value), batch)

    def _fail(self, what: str, value: float, batch: int | None) -> None:
        place = "at the end" if batch is None else f"after batch {batch + 1}"
        description = ""
        if batch is not None and self.describe is not None:
            description = f" {self.describe(self.epoch, batch)}"
        raise InvalidLossError(
            f"The {what} became {value} by step {self.step}, {place} of epoch {self.epoch + 1}. "
            "What was saved before is as it was. Try a lower learning rate, a longer warm-up or "
            "gradient clipping (`global_clipnorm=1.0` of the optimiser), and look for empty or "
            f"damaged pairs in that batch.{description}",
            self.step,
            self.epoch + 1,
            None if batch is None else batch + 1,
        )
