"""Trainings that run at the same time."""

import threading
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from kerasseq.experiments import runs_at_once
from kerasseq.experiments.runs_at_once import Training, own_share, run_at_once

PATIENCE = 30.0  # seconds until a test that hangs is one that fails


def train_forever(callbacks: list[keras.callbacks.Callback]) -> None:
    """Trains until one of the callbacks ends it; a test that waits longer fails."""
    deadline = time.monotonic() + PATIENCE

    def check(epoch: int, logs: Any) -> None:
        assert time.monotonic() < deadline, "nothing ended the training"

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    batch = np.zeros((2, 1), "float32")
    patience = keras.callbacks.LambdaCallback(on_epoch_begin=check)
    model.fit(batch, batch, epochs=10**9, callbacks=[*callbacks, patience], verbose=0)


def made(training: Callable[..., Any]) -> Callable[[], Training]:
    return lambda: training


@pytest.mark.parametrize("at_once", [2, 3, 9])
def test_all_are_ready_before_any_runs_and_as_many_as_asked_for_run_together(at_once: int) -> None:
    told: list[str] = []
    together = threading.Barrier(min(at_once, 3), timeout=PATIENCE)
    running: set[str] = set()

    def prepare(name: str) -> Callable[[], Training]:
        def train(callbacks: list[keras.callbacks.Callback]) -> None:
            running.add(name)
            if at_once != 2 or name != "c":  # two of three run together, then the third
                together.wait()
            assert len(running) <= at_once
            time.sleep(0.1)  # whoever should wait would come now
            running.remove(name)
            told.append(f"{name} ran on {threading.current_thread().name}")

        def make() -> Training:
            told.append(f"{name} is ready on {threading.current_thread().name}")
            return train

        return make

    run_at_once({name: prepare(name) for name in "abc"}, at_once)
    here = threading.current_thread().name
    assert told[:3] == [f"{name} is ready on {here}" for name in "abc"]
    assert sorted(told[3:]) == [f"{name} ran on {name}" for name in "abc"]


def test_one_at_a_time_is_made_and_trained_before_the_next_is_made() -> None:
    told: list[str] = []

    def prepare(name: str) -> Callable[[], Training]:
        def make() -> Training:
            told.append(f"made {name}")
            return lambda *, callbacks: told.append(f"trained {name} {callbacks}")

        return make

    run_at_once({name: prepare(name) for name in "ab"}, 1)
    assert told == ["made a", "trained a []", "made b", "trained b []"]


def test_one_that_fails_ends_the_others(caplog: pytest.LogCaptureFixture) -> None:
    running = threading.Event()
    ended: list[str] = []

    def fail(callbacks: list[keras.callbacks.Callback]) -> None:
        assert running.wait(PATIENCE)
        raise ValueError("The loss is nan.")

    def train(callbacks: list[keras.callbacks.Callback]) -> None:
        running.set()
        try:
            train_forever(callbacks)
        except Exception as error:
            ended.append(type(error).__name__)
            raise

    # The third may come to the place of the one that failed, or never begin.
    trainings = {"endless": made(train), "fails": made(fail), "third": made(train)}
    with pytest.raises(ValueError, match="The loss is nan"):
        run_at_once(trainings, 2)
    assert set(ended) == {"_EndedError"}
    assert not runs_at_once._at_work
    told = [(each.threadName, each.getMessage()) for each in caplog.records]
    assert told == [("fails", "failed: The loss is nan.")]


def test_all_that_fail_at_the_same_moment_are_told(caplog: pytest.LogCaptureFixture) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)

    def fail(callbacks: list[keras.callbacks.Callback]) -> None:
        together.wait()
        raise ValueError("The loss is nan.")

    with pytest.raises(ValueError, match="The loss is nan"):
        run_at_once({"a": made(fail), "b": made(fail)}, 2)
    assert sorted(str(each.threadName) for each in caplog.records) == ["a", "b"]


def test_an_interrupt_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    running = threading.Event()

    def train(callbacks: list[keras.callbacks.Callback]) -> None:
        running.set()
        train_forever(callbacks)

    def interrupt(futures: Any, return_when: str) -> None:
        assert running.wait(PATIENCE)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs_at_once, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_at_once({"a": made(train), "b": made(train)}, 2)
    assert not runs_at_once._at_work


def test_each_has_its_share_of_the_time_of_the_process() -> None:
    shares: list[float] = []
    together = threading.Barrier(2, timeout=PATIENCE)

    def train(callbacks: list[keras.callbacks.Callback]) -> None:
        together.wait()
        shares.append(own_share(6.0))
        together.wait()

    run_at_once({"a": made(train), "b": made(train)}, 2)
    assert shares == [3.0, 3.0]
    assert own_share(6.0) == 6.0
