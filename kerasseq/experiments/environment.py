"""What a run depends on besides its configuration: versions, CPU features, threads, revision."""

import importlib.metadata
import logging
import os
import platform
import subprocess
from pathlib import Path

logger = logging.getLogger(__name__)

PACKAGES = (
    *("kerasseq", "keras", "tensorflow", "tensorflow-text", "sentencepiece"),
    *("sacrebleu", "numpy"),
)
BFLOAT16_FEATURES = ("amx_bf16", "avx512_bf16")


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that decide a result."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def bfloat16_features() -> list[str]:
    """Returns the CPU's own instructions for bfloat16 products; none if it has none."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf8").split()
    except OSError:
        return []
    return [feature for feature in BFLOAT16_FEATURES if feature in flags]


def choose_dtype(requested: str) -> str:
    """Returns the dtype policy of a run, and logs why.

    Args:
        requested: float32, mixed_bfloat16, or auto: bfloat16 where the CPU has units for it.
    """
    features = bfloat16_features()
    chosen = requested
    if requested == "auto":
        chosen = "mixed_bfloat16" if features else "float32"
    logger.info(
        "Computing in %s (asked for: %s; bfloat16 units of this CPU: %s) on %d threads of %d cores",
        chosen,
        requested,
        ", ".join(features) or "none",
        _threads(),
        os.cpu_count() or 1,
    )
    return chosen


def set_threads(threads: int | None) -> None:
    """Limits TensorFlow's threads; only possible before it has run anything.

    Args:
        threads: how many; `None` leaves it as it is.
    """
    if threads is None:
        return
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        logger.warning("TensorFlow already runs: `training.threads` has no effect any more.")


def _threads() -> int:
    import tensorflow as tf

    return tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1


def git_revision() -> str | None:
    """Returns the revision of the working folder, or `None` where there is none."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
