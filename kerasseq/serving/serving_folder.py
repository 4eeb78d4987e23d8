"""Writes what TF Serving is started with: its configuration, a compose file and a README."""

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from kerasseq import checks
from kerasseq.files import written_beside
from kerasseq.serving.serving_files import MAX_BATCH_SIZE, serving_files
from kerasseq.serving.serving_readme import Server
from kerasseq.serving.version_folder import versions_in

_logger = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LABEL = re.compile(r"[A-Za-z0-9_]+")


def write_serving_folder(
    path: str | os.PathLike[str],
    model_path: str | os.PathLike[str],
    name: str | None = None,
    labels: Mapping[str, int] | None = None,
    rest_port: int = 8501,
    grpc_port: int = 8500,
) -> str:
    """Writes a folder from which `docker compose up` serves an exported model.

    In it stand `models.config` with version labels, `batching_parameters.txt`,
    `monitoring.config`, `docker-compose.yml` for the official image, and a `README.md` with
    requests to this very model and the answers it gives. A file of such a name that somebody has
    edited, say for ports of their own, is kept beside as `NAME.old` (`NAME.old2` and so on, where
    another one is kept already).

    Args:
        path: the folder to write; made if it is missing.
        model_path: the model's folder, as given to `export`; it stays where it is.
        name: what clients call the model; the name of its folder if not given.
        labels: versions by label; `{"stable": newest}` if not given, with `"previous"` for the
            version before, if there is one. Versions without a label are not loaded.
        rest_port: of this machine, for REST.
        grpc_port: of this machine, for gRPC.

    Returns:
        The folder that was written.

    Raises:
        ValueError: if there is no exported version, or name, labels or ports are not what TF
            Serving takes.
    """
    path, model_path = os.fspath(path), os.path.abspath(model_path)
    versions = versions_in(model_path)
    if not versions:
        raise ValueError(f"`model_path` must hold an exported version. Received: {model_path!r}.")
    name = os.path.basename(model_path) if name is None else name
    check_target(path, name)
    _check_ports(rest_port, grpc_port)
    labels = _check_labels(labels or _default_labels(versions), versions)
    server = Server(name, labels, rest_port, grpc_port, MAX_BATCH_SIZE)
    earlier = _earlier_files(server, versions[:-1], model_path, path)
    for file, content in serving_files(server, model_path, path).items():
        _replace(Path(path, file), content, earlier.get(file))
    return path


def check_target(path: str | os.PathLike[str], name: str) -> None:
    """Raises unless a serving folder can be written for a model: ask before the model is exported.

    Args:
        path: the folder to write.
        name: what clients are to call the model.

    Raises:
        ValueError: if the name cannot stand in a URL, or the path is that of a file.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            "`name` must be letters, digits, '_', '.' and '-', since it stands in URLs. "
            f"Received: {name!r}."
        )
    checks.check_folder("path", path)


def _check_ports(rest_port: int, grpc_port: int) -> None:
    checks.check_integer("rest_port", rest_port, minimum=1, maximum=65535)
    checks.check_integer("grpc_port", grpc_port, minimum=1, maximum=65535)
    if rest_port == grpc_port:
        raise ValueError(f"`rest_port` and `grpc_port` must differ. Received: {rest_port} twice.")


def _earlier_files(
    server: Server, versions: list[int], model_path: str, path: str
) -> dict[str, str]:
    """What was written before the newest version came, if nobody has edited it since."""
    try:
        labels = _default_labels(versions)
        return serving_files(server._replace(labels=labels), model_path, path) if labels else {}
    except (KeyError, ValueError):  # damaged, or of an older kerasseq: the newest one counts
        return {}


def _replace(path: Path, content: str, earlier: str | None) -> None:
    """Writes a file, and keeps beside it what stood there if that was something else.

    Args:
        path: the file.
        content: what it will say.
        earlier: what we may have written there before.
    """
    before = path.read_bytes() if path.exists() else None
    if before == content.encode():
        return
    if before is not None and (earlier is None or before != earlier.encode()):
        old = _free_name(path, before)
        with written_beside(old) as temporary:
            Path(temporary).write_bytes(before)
        _logger.info("Replaced %s; what it was is in %s.", path, old.name)
    with written_beside(path) as temporary:
        Path(temporary).write_bytes(content.encode())


def _free_name(path: Path, content: bytes) -> Path:
    """Where a file is kept: no other one that was kept before is lost."""
    old, number = path.with_name(f"{path.name}.old"), 1
    while old.exists() and old.read_bytes() != content:
        number += 1
        old = path.with_name(f"{path.name}.old{number}")
    return old


def _default_labels(versions: list[int]) -> dict[str, int]:
    return dict(zip(("stable", "previous"), reversed(versions), strict=False))


def _check_labels(labels: Mapping[str, int], versions: list[int]) -> dict[str, int]:
    for label, version in labels.items():
        if not LABEL.fullmatch(label):
            raise ValueError(
                f"A label must be letters, digits and '_'. Received: `labels` with {label!r}."
            )
        if version not in versions:
            raise ValueError(
                f"`labels[{label!r}]` must be one of the versions {versions}. Received: {version}."
            )
    return dict(labels)
