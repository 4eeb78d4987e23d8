"""What loading TensorFlow for a command sets, and leaves as the user has set it."""

import os

import pytest

from kerasseq.commands.loading import load_tensorflow

DEFAULTS = {"TF_NUM_INTEROP_THREADS": "1", "TF_ENABLE_ONEDNN_OPTS": "1"}


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*DEFAULTS, "TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND"):
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
