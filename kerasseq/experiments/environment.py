"""What a run depends on besides its configuration: versions, processor, revisions, files."""

import datetime
import hashlib
import importlib.metadata
import logging
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasseq.experiments.threads import count_threads

logger = logging.getLogger(__name__)

PACKAGES = (
    *("kerasseq", "keras", "tensorflow", "tensorflow-text", "sentencepiece"),
    *("sacrebleu", "numpy"),
)
CHECKOUT = Path(__file__).parents[2]
BFLOAT16_FEATURES = ("amx_bf16", "avx512_bf16")
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
# What decides how fast matrix products are, from the oldest to the newest.
CPU_FEATURES = (
    "avx2",
    "fma",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    *BFLOAT16_FEATURES,
    "asimd",
    "sve",
    "bf16",
)


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that decide a result."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(files: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what another person needs to know to repeat a run, as JSON can hold it.

    Args:
        files: what `fingerprints` gave of the files that the run reads.
    """
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "revision": git_revision(),
        "kerasseq_revision": git_revision(CHECKOUT) if (CHECKOUT / ".git").exists() else None,
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": count_threads(),
        ONEDNN: os.environ.get(ONEDNN),
        "files": dict(files),
    }


def fingerprints(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Returns path, size and SHA-256 of each of some files.

    Args:
        files: their paths, by what they are.
    """
    return {name: fingerprint(path) for name, path in files.items()}


def fingerprint(path: str) -> dict[str, Any]:
    """Returns a file's path, its size and its SHA-256.

    Args:
        path: the file.

    Raises:
        ValueError: if it is a pipe or a device: what was read of it cannot be read again.
    """
    is_one = os.path.isfile(path) or os.path.isdir(path)  # a folder is told when it is opened
    if os.path.exists(path) and not is_one:
        raise ValueError(
            f"{path} must be a file: its checksum tells a run that goes on whether the data has "
            "changed. It is a device or a pipe. Write what it gives into a file."
        )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": path, "bytes": os.path.getsize(path), "sha256": digest}


def processor() -> dict[str, Any]:
    """Returns the processor's name, and its features that decide how fast products are."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf8")
    except OSError:
        return {"name": platform.processor() or platform.machine(), "features": []}
    name = re.search(r"^model name\s*: (.*)$", text, flags=re.MULTILINE)
    words = set(text.split())
    return {
        "name": name[1] if name else platform.machine(),
        "features": [feature for feature in CPU_FEATURES if feature in words],
    }


def bfloat16_features() -> list[str]:
    """Returns the CPU's own instructions for bfloat16 products; none if it has none."""
    return [feature for feature in processor()["features"] if feature in BFLOAT16_FEATURES]


def choose_dtype(requested: str) -> str:
    """Returns the dtype policy of a run, and logs why.

    Args:
        requested: float32, mixed_bfloat16, or auto: bfloat16 where the CPU has units for it.
    """
    features = bfloat16_features()
    chosen, reason = requested, f"`training.dtype` says {requested}"
    if requested == "auto":
        chosen = "mixed_bfloat16" if features else "float32"
        reason = "`training.dtype` says auto and this processor has "
        reason += f"bfloat16 units ({', '.join(features)})" if features else "no bfloat16 units"
    elif requested == "float32" and features:
        reason += f"; auto would use the bfloat16 units ({', '.join(features)})"
    elif requested == "mixed_bfloat16" and not features:
        reason += "; this processor has no bfloat16 units, float32 is faster"
    log_dtype(chosen, reason)
    return chosen


def log_dtype(chosen: str, reason: str) -> None:
    """Logs what a run computes in, and on what.

    Args:
        chosen: the dtype policy.
        reason: why it is this one.
    """
    logger.info(
        "Computing in %s: %s. Processor: %s (%s), oneDNN %s, %d threads on %d cores.",
        chosen,
        reason,
        processor()["name"],
        ", ".join(processor()["features"]) or "features unknown",
        _onednn(),
        count_threads(),
        os.cpu_count() or 1,
    )


def _onednn() -> str:
    """Whether TensorFlow's products are oneDNN's, as far as one can see from outside."""
    value = os.environ.get(ONEDNN)
    if value is not None:
        return "off" if value in ("0", "false") else "on"
    features = processor()["features"]
    if "avx2" in features and not {"avx_vnni", "avx512_vnni"} & set(features):
        return f"off ({ONEDNN}=1, set before TensorFlow is imported, would be faster)"
    return "as TensorFlow chooses"


def git_revision(folder: str | os.PathLike[str] = ".") -> str | None:
    """Returns the revision of a folder, or `None` where there is none.

    Args:
        folder: the working folder, if nothing is said.
    """
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
