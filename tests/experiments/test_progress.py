"""What a run says while it trains."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from kerasseq.experiments import progress
from kerasseq.experiments.progress import TrainingProgress


class Clock:
    """Stands where a test puts it."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Bar:
    """Remembers what is shown, in place of tqdm's bar."""

    made: list["Bar"] = []

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.texts: list[str] = []
        self.steps = 0
        self.closed = False
        Bar.made.append(self)

    def set_postfix_str(self, text: str, refresh: bool) -> None:
        self.texts.append(text)

    def update(self, steps: int) -> None:
        self.steps += steps

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(progress, "tqdm", Bar)
    monkeypatch.setattr(Bar, "made", [])
    return clock


def on_terminal(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    stream = SimpleNamespace(isatty=lambda: answer)
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))


def test_an_epoch_is_one_line_with_numbers_and_time_left(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    shown = TrainingProgress(1000, 10, epochs=4, enabled=False, told=["val_bleu"])
    shown.on_epoch_begin(1)
    clock.now = 10.0
    shown.on_train_batch_end(9)
    clock.now = 12.4  # what comes after the last batch is no training
    with caplog.at_level(logging.INFO, progress.logger.name):
        shown.on_epoch_end(1, {"loss": 1.23456, "val_loss": 2.0, "val_bleu": 31.0})
    assert caplog.messages == [
        "epoch 2/4: loss 1.235, val_loss 2 (12 s, 100 target tokens/s, at most 25 s left)"
    ]


def test_the_last_epoch_leaves_nothing(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    shown = TrainingProgress(1000, 10, epochs=4, enabled=False)
    shown.on_epoch_begin(3)
    clock.now = 90.0
    shown.on_train_batch_end(9)
    with caplog.at_level(logging.INFO, progress.logger.name):
        shown.on_epoch_end(3, {"loss": 0.5})
    assert caplog.messages == ["epoch 4/4: loss 0.5 (90 s, 11 target tokens/s, at most 0 s left)"]


def test_on_a_terminal_a_bar_shows_loss_and_tokens_per_second(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_terminal(monkeypatch, True)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    shown = TrainingProgress(target_tokens=20_000, steps=10, epochs=4)
    shown.on_epoch_begin(0)
    clock.now = 2.0
    shown.on_train_batch_end(0, {"loss": 1.5})  # 2,000 tokens in 2 seconds
    clock.now = 4.0
    shown.on_train_batch_end(4, {"loss": 1.25})  # 10,000 in 4
    (bar,) = Bar.made
    options = {"total": 10, "desc": "epoch 1/4", "unit": "step", "leave": False}
    assert bar.options == {**options, "ncols": 100, "nrows": 30}
    assert bar.texts == ["loss 1.500, 1,000 tokens/s", "loss 1.250, 2,500 tokens/s"]
    assert bar.steps == 2


def test_the_bar_is_gone_before_validation_and_at_the_end_of_the_epoch(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_terminal(monkeypatch, True)
    shown = TrainingProgress(1000, 10, epochs=1)
    for end in (shown.on_test_begin, lambda: shown.on_epoch_end(0)):
        shown.on_epoch_begin(0)
        end()
        assert Bar.made[-1].closed
        shown.on_train_batch_end(0)  # of a validation, say: no bar, no error


@pytest.mark.parametrize(("enabled", "terminal"), [(False, True), (True, False)])
def test_there_is_no_bar_unasked_or_in_a_log_file(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, enabled: bool, terminal: bool
) -> None:
    on_terminal(monkeypatch, terminal)
    shown = TrainingProgress(1000, 10, epochs=1, enabled=enabled)
    shown.on_epoch_begin(0)
    shown.on_train_batch_end(0, {"loss": 1.0})
    assert Bar.made == []
