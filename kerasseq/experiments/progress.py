"""What a run shows while it trains: a bar on a terminal, one line an epoch elsewhere."""

import logging
import shutil
import sys
import time
from collections.abc import Collection
from typing import Any

import keras
from tqdm import tqdm

logger = logging.getLogger(__name__)


class TrainingProgress(keras.callbacks.Callback):
    """Shows loss, tokens per second and time left.

    Args:
        target_tokens: target tokens of an epoch, for the rate.
        steps: updates of an epoch.
        epochs: epochs of the run.
        enabled: whether to show the bar; the line an epoch is logged in any case.
        told: names of scores that another callback logs already.
    """

    def __init__(
        self,
        target_tokens: int,
        steps: int,
        epochs: int,
        enabled: bool = True,
        told: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.target_tokens = target_tokens
        self.steps = steps
        self.epochs = epochs
        self.enabled = enabled
        self.told = frozenset(told)
        self._bar: Any = None
        self._started = 0.0
        self._trained = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = self._trained = time.perf_counter()
        if self.enabled and sys.stderr.isatty():
            name = f"epoch {epoch + 1}/{self.epochs}"
            # A terminal may say that it has no columns (in a container, say): that means 80.
            size = shutil.get_terminal_size()
            self._bar = tqdm(
                total=self.steps,
                desc=name,
                unit="step",
                leave=False,
                ncols=size.columns,
                nrows=size.lines,
            )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._trained = time.perf_counter()
        if self._bar is None:
            return
        rate = self._rate((batch + 1) / self.steps)
        loss = (logs or {}).get("loss", float("nan"))
        self._bar.set_postfix_str(f"loss {loss:.3f}, {rate:,.0f} tokens/s", refresh=False)
        self._bar.update(1)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._close()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._close()
        seconds = time.perf_counter() - self._started
        shown = {name: value for name, value in (logs or {}).items() if name not in self.told}
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in shown.items())
        left = seconds * (self.epochs - epoch - 1)
        logger.info(
            "epoch %d/%d: %s (%.0f s, %s target tokens/s, at most %.0f s left)",
            *(epoch + 1, self.epochs, numbers, seconds, f"{self._rate(1.0):,.0f}", left),
        )

    def _rate(self, share: float) -> float:
        """Target tokens a second of training, when this share of the epoch is over."""
        return self.target_tokens * share / max(self._trained - self._started, 1e-9)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
