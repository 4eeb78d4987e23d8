"""What a run depends on besides its configuration."""

import importlib.metadata
import json
import logging
import os
import platform
import subprocess
from pathlib import Path

import pytest

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
    ("requested", "flags", "chosen", "reason"),
    [
        ("auto", "amx_bf16", "mixed_bfloat16", "auto and this processor has bfloat16 units (amx_"),
        ("auto", "avx2", "float32", "auto and this processor has no bfloat16 units. "),
        ("float32", "amx_bf16", "float32", "float32; auto would use the bfloat16 units (amx_bf16)"),
        ("mixed_bfloat16", "avx2", "mixed_bfloat16", "mixed_bfloat16; this processor has no bfloa"),
        ("mixed_bfloat16", "amx_bf16", "mixed_bfloat16", "mixed_bfloat16. Processor"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_has_it_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    requested: str,
    flags: str,
    chosen: str,
    reason: str,
) -> None:
    with_cpu_flags(monkeypatch, f"model name\t: Abacus 9\nflags\t: fpu avx512f {flags}\n")
    monkeypatch.setattr(environment, "count_threads", lambda: 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    with caplog.at_level(logging.INFO, environment.logger.name):
        assert environment.choose_dtype(requested) == chosen
    (message,) = caplog.messages
    assert message.startswith(f"Computing in {chosen}: `training.dtype` says {reason}")
    assert "Processor: Abacus 9 (" in message
    assert "avx512f" in message
    assert message.endswith("3 threads on 4 cores.")


@pytest.mark.parametrize(
    ("value", "flags", "said"),
    [
        ("1", "avx2", "oneDNN on, "),
        ("0", "avx512_vnni", "oneDNN off, "),
        (None, "avx2", "oneDNN off (TF_ENABLE_ONEDNN_OPTS=1, set before TensorFlow is imported, "),
        (None, "avx2 avx512_vnni", "oneDNN as TensorFlow chooses, "),
        (None, "avx2 avx_vnni", "oneDNN as TensorFlow chooses, "),
        (None, "asimd", "oneDNN as TensorFlow chooses, "),
    ],
)
def test_a_run_says_whose_products_it_takes(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    value: str | None,
    flags: str,
    said: str,
) -> None:
    with_cpu_flags(monkeypatch, f"flags\t: fpu {flags}\n")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if value is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", value)
    with caplog.at_level(logging.INFO, environment.logger.name):
        environment.log_dtype("float32", "so it is")
    assert said in caplog.messages[0]


def test_a_system_that_says_nothing_has_a_processor_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_cpu_flags(monkeypatch, None)
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    assert environment.processor() == {"name": "abacus", "features": []}


def test_a_file_is_known_by_its_size_and_checksum(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_bytes(b"abc")
    assert environment.fingerprint(str(path)) == {
        "path": str(path),
        "bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
def test_a_pipe_has_no_checksum(tmp_path: Path) -> None:
    """To open one again waits for ever; of one without a name, nothing is left to read."""
    os.mkfifo(tmp_path / "train.tsv")
    reader, writer = os.pipe()
    try:
        for path in (str(tmp_path / "train.tsv"), f"/dev/fd/{reader}"):
            with pytest.raises(ValueError, match=f"^{path} must be a file.* It is a device or a"):
                environment.fingerprint(path)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_folder_is_no_pipe(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        environment.fingerprint(str(tmp_path))


def test_what_a_run_depends_on_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("one\tett\n")
    files = environment.fingerprints({"data.train": str(path)})
    described = json.loads(json.dumps(environment.describe(files)))
    assert described["files"]["data.train"]["bytes"] == 8
    assert described["versions"] == environment.versions()
    expected = {"started", "revision", "processor", "cores", "threads", "TF_ENABLE_ONEDNN_OPTS"}
    assert expected <= set(described)


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
