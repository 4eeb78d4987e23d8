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

logger = logging.getLogger(__name__)

PACKAGES = (
    *("kerasseq", "keras", "tensorflow", "tensorflow-text", "sentencepiece"),
    *("sacrebleu", "numpy"),
)
CHECKOUT = Path(__file__).parents[2]
BFLOAT16_FEATURES = ("amx_bf16", "avx512_bf16")
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
MANY_TOKENS = 4000  # from where on the product with the vocabulary is worth sharing
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
        "threads": _threads(),
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
        _threads(),
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


def set_threads(threads: int | None, parallelism: str = "intra_op", target_tokens: int = 0) -> None:
    """Limits TensorFlow's threads; only possible before it has run anything.

    `"intra_op"`: threads share an operation and operations follow one another, since threads that
    wait for operations take 8 % more CPU time of a training step and 15 % of a search.
    `"inter_op"`: each operation has one thread, and those that do not wait for one another run
    side by side: the two directions of an encoder, the gradients of the weights, the batches of a
    translator. No sum is cut into as many parts as there are threads, so the numbers are those of
    one thread, to the bit.
    `"both"`: operations run side by side and each has all threads, which trains large networks
    faster than `"intra_op"` (docs/performance.md).
    `"auto"`: `"inter_op"` on up to two threads for a target vocabulary below 4,000 tokens, `"both"`
    for larger ones and on more threads, which operations alone do not fill.

    Args:
        threads: how many; `None` leaves them as they are for `"intra_op"` (and for `"auto"` where
            `TF_NUM_INTRAOP_THREADS` is set), and else means one a core.
        parallelism: what they do.
        target_tokens: size of the target vocabulary, for `"auto"`.
    """
    asked = threads is not None or parallelism not in ("auto", "intra_op")
    if not asked and (parallelism == "intra_op" or "TF_NUM_INTRAOP_THREADS" in os.environ):
        return
    threads = threads or os.cpu_count() or 1
    if parallelism == "auto":
        parallelism = "inter_op" if threads <= 2 and target_tokens < MANY_TOKENS else "both"
    intra = 1 if parallelism == "inter_op" else threads
    inter = 1 if parallelism == "intra_op" else threads
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(intra)
        tf.config.threading.set_inter_op_parallelism_threads(inter)
    except RuntimeError:
        if asked:
            logger.warning(
                "TensorFlow already runs: `training.threads` and `training.parallelism` have no "
                "effect any more."
            )


def _threads() -> int:
    import tensorflow as tf

    threading = tf.config.threading
    # What TensorFlow itself reads where nothing is chosen.
    named = int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0)
    within = threading.get_intra_op_parallelism_threads() or named or os.cpu_count() or 1
    return max(within, threading.get_inter_op_parallelism_threads())


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
