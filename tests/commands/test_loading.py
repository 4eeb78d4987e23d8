"""What loading TensorFlow for a command sets, and leaves as the user has set it."""

import os

import pytest

from kerasseq.commands.loading import load_tensorflow, run_batches_side_by_side

INTRA, INTER = "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"
DEFAULTS = {INTER: "1", "TF_ENABLE_ONEDNN_OPTS": "1"}


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*DEFAULTS, INTRA, "TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
        monkeypatch.delenv(name)
    monkeypatch.setattr("keras.config.disable_traceback_filtering", lambda: None)


def test_operations_follow_one_another_and_products_are_those_of_onednn() -> None:
    load_tensorflow()
    assert {name: os.environ[name] for name in DEFAULTS} == DEFAULTS


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"TF_NUM_INTEROP_THREADS": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    load_tensorflow()
    assert {name: os.environ[name] for name in DEFAULTS} == chosen


def test_the_backend_is_tensorflow_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    load_tensorflow()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_batches_run_side_by_side_on_as_many_threads_as_there_are_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    run_batches_side_by_side()
    load_tensorflow()
    assert (os.environ[INTRA], os.environ[INTER]) == ("1", "3")


@pytest.mark.parametrize("name", [INTRA, INTER])
def test_threads_that_the_user_has_set_stay(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "7")
    run_batches_side_by_side()
    assert {each: os.environ.get(each) for each in (INTRA, INTER)} == {
        **dict.fromkeys((INTRA, INTER)),
        name: "7",
    }
