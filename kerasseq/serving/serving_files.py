"""The files of a serving folder: what TF Serving is started with, and how to ask it."""

import json
import os

from kerasseq.serving.serving_readme import Server, readme
from kerasseq.serving.verification import read_card
from kerasseq.serving.version_folder import version_path

IMAGE = "tensorflow/serving:2.20.0"
MAX_BATCH_SIZE = 64

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


def serving_files(server: Server, model_path: str, path: str) -> dict[str, str]:
    """Returns what stands in the files of a folder that serves some versions, by their names.

    Args:
        server: the model's name, the versions by label, and where they are reached.
        model_path: the model's folder.
        path: the folder of the files.

    Raises:
        KeyError, ValueError: if the newest version has no model card that can be read.
    """
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
