"""What a run depends on besides its configuration."""

import importlib.metadata
import logging
import os
import platform
import subprocess
from pathlib import Path

import pytest
import tensorflow as tf

from kerasseq.experiments import environment


def with_cpu_flags(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    """Lets the system say this of its processor; `None` is a system that says nothing."""

    class CpuInformation:
        def __init__(self, path: str) -> None:
            assert path == "/proc/cpuinfo"

        def read_text(self, encoding: str) -> str:
            if text is None:
                raise FileNotFoundError
            return text

    monkeypatch.setattr(environment, "Path", CpuInformation)


def test_versions_are_those_that_are_installed() -> None:
    versions = environment.versions()
    assert versions["python"] == platform.python_version()
    assert versions["keras"] == importlib.metadata.version("keras")
    assert list(versions)[1] == "kerasseq"


def test_a_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("keras", "no-such-package"))
    assert list(environment.versions()) == ["python", "keras"]


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("flags\t\t: fpu avx512f amx_bf16 avx512_bf16\n", ["amx_bf16", "avx512_bf16"]),
        ("flags\t\t: fpu avx512_bf16\n", ["avx512_bf16"]),
        ("flags\t\t: fpu avx512f not_amx_bf16\n", []),
        (None, []),
    ],
)
def test_features_are_whole_words_of_what_the_system_says(
    monkeypatch: pytest.MonkeyPatch, text: str | None, features: list[str]
) -> None:
    with_cpu_flags(monkeypatch, text)
    assert environment.bfloat16_features() == features


@pytest.mark.parametrize(
    ("requested", "flags", "chosen", "named"),
    [
        ("auto", "amx_bf16", "mixed_bfloat16", "amx_bf16"),
        ("auto", "avx2", "float32", "none"),
        ("float32", "amx_bf16", "float32", "amx_bf16"),
        ("mixed_bfloat16", "avx2", "mixed_bfloat16", "none"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_has_it_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    requested: str,
    flags: str,
    chosen: str,
    named: str,
) -> None:
    with_cpu_flags(monkeypatch, flags)
    monkeypatch.setattr(environment, "_threads", lambda: 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    with caplog.at_level(logging.INFO, environment.logger.name):
        assert environment.choose_dtype(requested) == chosen
    assert caplog.messages == [
        f"Computing in {chosen} (asked for: {requested}; bfloat16 units of this CPU: {named}) "
        "on 3 threads of 4 cores"
    ]


def test_threads_are_set_for_both_of_tensorflow_s_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    for pool in ("intra", "inter"):
        name = f"set_{pool}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, name, told.append)
    environment.set_threads(None)
    assert told == []
    environment.set_threads(2)
    assert told == [2, 2]


def test_threads_that_come_too_late_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(threads: int) -> None:
        raise RuntimeError("Intra op parallelism cannot be modified after initialization.")

    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", refuse)
    environment.set_threads(2)
    assert caplog.messages == [
        "TensorFlow already runs: `training.threads` has no effect any more."
    ]


def test_a_folder_without_history_has_no_revision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert environment.git_revision() is None


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("git"),
        subprocess.TimeoutExpired("git", 5),
        subprocess.CalledProcessError(128, "git"),
    ],
)
def test_a_git_that_does_not_answer_is_no_revision(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    assert environment.git_revision() is None


def test_a_revision_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess("git", 0, stdout="1a2b3c4-dirty\n")

    monkeypatch.setattr(subprocess, "run", answer)
    assert environment.git_revision() == "1a2b3c4-dirty"
