"""How many threads TensorFlow has, and what they share."""

import functools
import os
import subprocess
import sys

import pytest
import tensorflow as tf

from kerasseq.experiments import environment
from kerasseq.experiments import threads as threads_module
from kerasseq.experiments.threads import set_threads


def test_threads_share_an_operation_or_the_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, int] = {}
    for pool in ("intra", "inter"):
        name = f"set_{pool}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, name, functools.partial(told.__setitem__, pool))
    set_threads(None)
    assert told == {}
    set_threads(2)
    assert told == {"intra": 2, "inter": 1}
    set_threads(3, "inter_op")
    assert told == {"intra": 1, "inter": 3}
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    set_threads(None, "inter_op")
    assert told == {"intra": 1, "inter": 4}
    set_threads(2, "both")
    assert told == {"intra": 2, "inter": 2}
    set_threads(None, "both")
    assert told == {"intra": 4, "inter": 4}


@pytest.mark.parametrize(
    ("cores", "threads", "target_tokens", "chosen"),
    [
        (2, None, 3999, {"intra": 1, "inter": 2}),
        (2, None, 4000, {"intra": 2, "inter": 2}),
        (3, None, 3999, {"intra": 3, "inter": 3}),
        (8, 1, 3999, {"intra": 1, "inter": 1}),
        (8, 2, 4000, {"intra": 2, "inter": 2}),
    ],
)
def test_what_threads_share_follows_from_their_number_and_the_vocabulary(
    cores: int,
    threads: int | None,
    target_tokens: int,
    chosen: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: dict[str, int] = {}
    for pool in ("intra", "inter"):
        name = f"set_{pool}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, name, functools.partial(told.__setitem__, pool))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    set_threads(threads, "auto", target_tokens)
    assert told == chosen
    told.clear()
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "5")
    set_threads(None, "auto", target_tokens)
    assert told == {}
    set_threads(threads or 1, "auto", target_tokens)  # a flag counts more
    assert told != {}


def test_threads_that_are_fixed_stay() -> None:
    code = (
        "import tensorflow as tf\n"
        "from kerasseq.experiments.threads import fix_threads, set_threads\n"
        "fix_threads(2, 'auto', 100)\n"
        "set_threads(2, 'auto', 8000)\n"
        "threading = tf.config.threading\n"
        "print(threading.get_intra_op_parallelism_threads(),"
        " threading.get_inter_op_parallelism_threads())\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "2"]
    assert "no effect" not in told.stderr


@pytest.mark.parametrize(
    ("chosen", "named", "threads"),
    [
        ((2, 1), (None, None), 2),
        ((1, 3), (None, None), 3),
        ((0, 0), (None, None), 4),
        ((0, 0), (None, "1"), 4),
        ((0, 0), ("1", "2"), 2),
        ((0, 0), ("1", None), 4),
        ((1, 1), ("3", "3"), 1),
    ],
)
def test_threads_are_counted_whatever_they_share(
    chosen: tuple[int, int],
    named: tuple[str | None, str | None],
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for pool, count, name in zip(("intra", "inter"), chosen, named, strict=True):
        variable = f"TF_NUM_{pool.upper()}OP_THREADS"
        monkeypatch.delenv(variable, raising=False)
        if name is not None:
            monkeypatch.setenv(variable, name)
        function = f"get_{pool}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, function, lambda count=count: count)
    assert environment.describe({})["threads"] == threads


def test_threads_that_come_too_late_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(threads: int) -> None:
        raise RuntimeError("Intra op parallelism cannot be modified after initialization.")

    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", refuse)
    set_threads(None, "auto")
    monkeypatch.setattr(threads_module, "count_threads", lambda: 2)
    set_threads(2, "auto")  # as many as there are, whatever they share
    assert caplog.messages == []
    set_threads(3, "auto")
    assert caplog.messages == [
        "TensorFlow already runs: `training.threads` and `training.parallelism` have no effect "
        "any more."
    ]
