"""Writes what TF Serving is started with: its configuration, a compose file and a README."""

import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from kerasseq import checks
from kerasseq.files import written_beside
from kerasseq.serving.serving_readme import Server, readme
from kerasseq.serving.verification import read_card
from kerasseq.serving.version_folder import version_path, versions_in

_logger = logging.getLogger(__name__)

IMAGE = "tensorflow/serving:2.20.0"
MAX_BATCH_SIZE = 64
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LABEL = re.compile(r"[A-Za-z0-9_]+")

MODELS_CONFIG = """\
# Read again every minute: move a label here, and requests follow.
model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    model_version_policy {{
      specific {{
{versions}
      }}
    }}
{labels}
  }}
}}
"""
BATCHING_PARAMETERS = """\
# Requests that arrive within {timeout} microseconds share a run, up to so many texts; a request
# with more is refused. Inputs are string vectors: nothing is ever padded.
max_batch_size {{ value: {max_batch_size} }}
batch_timeout_micros {{ value: {timeout} }}
max_enqueued_batches {{ value: 1000 }}
num_batch_threads {{ value: 4 }}
pad_variable_length_inputs: false
"""
BATCH_TIMEOUT = 2000
MONITORING_CONFIG = """\
prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""
# The image has no curl. The server answers on the port of REST as soon as it listens; the model's
# state says whether it is loaded.
HEALTH_CHECK = (
    "exec 3<>/dev/tcp/127.0.0.1/8501 && "
    r"printf 'GET /v1/models/{name} HTTP/1.0\r\n\r\n' >&3 && grep -q AVAILABLE <&3"
)
COMPOSE = """\
# The ports are open to this machine alone: TF Serving knows neither users nor passwords.
services:
  tensorflow-serving:
    image: {image}
    restart: unless-stopped
    ports:
      - "127.0.0.1:{grpc_port}:8500"
      - "127.0.0.1:{rest_port}:8501"
    volumes:
      - type: bind
        source: {source}
        target: /models/{name}
        read_only: true
      - type: bind
        source: .
        target: /config
        read_only: true
    command:
      - --model_config_file=/config/models.config
      - --model_config_file_poll_wait_seconds=60
      - --allow_version_labels_for_unavailable_models=true
      - --enable_batching=true
      - --batching_parameters_file=/config/batching_parameters.txt
      - --monitoring_config_file=/config/monitoring.config
      - --enable_grpc_healthcheck_service=true
    healthcheck:
      test: [CMD, bash, -c, {health_check}]
      interval: 10s
      start_period: 60s
"""


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
    for file, content in _files(server, model_path, path).items():
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
    if os.path.exists(path) and not os.path.isdir(path):
        raise ValueError(f"`path` must name a folder. Received the file {os.fspath(path)!r}.")


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
        return _files(server._replace(labels=labels), model_path, path) if labels else {}
    except (KeyError, ValueError):  # damaged, or of an older kerasseq: the newest one counts
        return {}


def _files(server: Server, model_path: str, path: str) -> dict[str, str]:
    """The files of a folder that serves some versions, by name."""
    newest = max(server.labels.values())
    return {
        "models.config": _models_config(server.name, server.labels),
        "batching_parameters.txt": BATCHING_PARAMETERS.format(
            max_batch_size=MAX_BATCH_SIZE, timeout=BATCH_TIMEOUT
        ),
        "monitoring.config": MONITORING_CONFIG,
        "docker-compose.yml": _compose(server, _relative(model_path, path)),
        "README.md": readme(server, newest, read_card(version_path(model_path, newest))),
    }


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


def _models_config(name: str, labels: dict[str, int]) -> str:
    return MODELS_CONFIG.format(
        name=name,
        versions="\n".join(f"        versions: {each}" for each in sorted(set(labels.values()))),
        labels="\n".join(
            f'    version_labels {{ key: "{label}" value: {version} }}'
            for label, version in labels.items()
        ),
    )


def _compose(server: Server, source: str) -> str:
    health_check = HEALTH_CHECK.format(name=server.name)
    return COMPOSE.format(
        image=IMAGE,
        name=server.name,
        rest_port=server.rest_port,
        grpc_port=server.grpc_port,
        # A JSON string is a YAML string; compose itself reads "$" as the start of a variable.
        source=json.dumps(source.replace("$", "$$"), ensure_ascii=False),
        health_check=json.dumps(health_check),
    )


def _relative(model_path: str, path: str) -> str:
    """The way from one folder to the other, so that both can be moved together."""
    try:
        way = os.path.relpath(model_path, path)
    except ValueError:  # another drive of Windows
        return model_path
    way = way.replace(os.sep, "/")
    return way if way.startswith("..") else f"./{way}"
