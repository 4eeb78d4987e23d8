"""The folder that a server is started with: the official parsers read it, its requests work."""

import json
import os
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from kerasseq.serving import write_serving_folder

CODE_BLOCK = re.compile(r"```(\w+)\n(.*?)\n```", flags=re.S)
CURL = re.compile(r"curl -s (\S+) \\\n  -d '(.*)'", flags=re.S)


@pytest.fixture
def served(model_folder: Path, tmp_path: Path) -> Path:
    return Path(write_serving_folder(tmp_path / "served", model_folder))


def test_models_config_is_what_the_official_parser_reads(served: Path) -> None:
    protos = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    text = (served / "models.config").read_text()
    config = text_format.Parse(text, protos.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (
        "tiny",
        "/models/tiny",
        "tensorflow",
    )
    assert list(model.model_version_policy.specific.versions) == [1]
    assert dict(model.version_labels) == {"stable": 1}


def test_the_two_newest_versions_get_labels_unless_others_are_given(
    model_folder: Path, tmp_path: Path
) -> None:
    protos = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    path = tmp_path / "tiny"
    for version in (2, 5, 9):
        shutil.copytree(model_folder / "1", path / str(version))
        card = json.loads((path / str(version) / "model_card.json").read_text())
        card["version"] = version
        (path / str(version) / "model_card.json").write_text(json.dumps(card))

    def written(**options: Any) -> Any:
        folder = write_serving_folder(tmp_path / "served", path, **options)
        text = (Path(folder) / "models.config").read_text()
        config = text_format.Parse(text, protos.ModelServerConfig())
        return config.model_config_list.config[0]

    assert dict(written().version_labels) == {"stable": 9, "previous": 5}
    chosen = written(labels={"stable": 2, "canary": 9, "newest": 9}, name="other_name")
    assert chosen.name == "other_name"
    assert dict(chosen.version_labels) == {"stable": 2, "canary": 9, "newest": 9}
    assert list(chosen.model_version_policy.specific.versions) == [2, 9]
    readme = (tmp_path / "served/README.md").read_text()
    assert "`stable` is 2, `canary` is 9, `newest` is 9" in readme
    assert "/v1/models/other_name/labels/canary:predict" in readme


def test_what_somebody_edited_is_kept_beside(model_folder: Path, tmp_path: Path) -> None:
    folder = Path(write_serving_folder(tmp_path / "served", model_folder))
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    compose = folder / "docker-compose.yml"
    compose.write_text("mine")
    for _ in range(2):  # the second time finds what it would write
        write_serving_folder(folder, model_folder)
        assert (folder / "docker-compose.yml.old").read_text() == "mine"
        (folder / "docker-compose.yml.old").rename(tmp_path / "found")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == written
        (tmp_path / "found").rename(folder / "docker-compose.yml.old")


def test_of_several_edits_each_is_kept(model_folder: Path, tmp_path: Path) -> None:
    folder = Path(write_serving_folder(tmp_path / "served", model_folder))
    for text in ("first", "second", "first"):
        (folder / "models.config").write_text(text)
        write_serving_folder(folder, model_folder)
    kept = {path.name: path.read_text() for path in folder.glob("*.old*")}
    assert kept == {"models.config.old": "first", "models.config.old2": "second"}


def test_a_version_may_be_called_with_zeros_before(model_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(model_folder / "1", tmp_path / "tiny" / "007")
    served = write_serving_folder(tmp_path / "served", tmp_path / "tiny")
    assert "\nVersion 7: " in Path(served, "README.md").read_text()


def test_a_copy_of_a_version_is_called_by_the_number_of_its_folder(
    model_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "tiny"
    for versions, labels in (
        ((1,), "`stable` is 1"),
        ((1, 7), "`stable` is 7, `previous` is 1"),
    ):
        for version in versions:
            shutil.copytree(model_folder / "1", path / str(version), dirs_exist_ok=True)
        write_serving_folder(tmp_path / "served", path)
        # What a version before wrote is nobody's own.
        assert not list((tmp_path / "served").glob("*.old"))
        readme = (tmp_path / "served/README.md").read_text()
        assert f"\nVersion {versions[-1]}: " in readme
        assert labels in readme
        assert "/labels/stable:predict" in readme
        assert f"/versions/{versions[-1]}" in readme


def test_a_damaged_version_before_is_not_in_the_way(model_folder: Path, tmp_path: Path) -> None:
    for version in (1, 7):
        shutil.copytree(model_folder / "1", tmp_path / "tiny" / str(version))
    (tmp_path / "tiny" / "1" / "model_card.json").unlink()
    served = write_serving_folder(tmp_path / "served", tmp_path / "tiny", labels={"stable": 7})
    assert "\nVersion 7: " in Path(served, "README.md").read_text()


# These two protos are in no package: they are declared as in the sources of TF Serving.
INT64, INT32, BOOL, STRING = 3, 5, 8, 9
DECLARED: dict[str, dict[str, tuple[int, Any]]] = {
    "MonitoringConfig": {"prometheus_config": (1, "PrometheusConfig")},
    "PrometheusConfig": {"enable": (1, BOOL), "path": (2, STRING)},
    "Int64Value": {"value": (1, INT64)},
    "BatchingParameters": {
        "max_batch_size": (1, "Int64Value"),
        "batch_timeout_micros": (2, "Int64Value"),
        "max_enqueued_batches": (3, "Int64Value"),
        "num_batch_threads": (4, "Int64Value"),
        "pad_variable_length_inputs": (7, BOOL),
    },
}


def declared(name: str) -> Any:
    """A new message of `DECLARED`."""
    file = descriptor_pb2.FileDescriptorProto(name="declared.proto", package="declared")
    for message, fields in DECLARED.items():
        described = file.message_type.add(name=message)
        for field, (number, kind) in fields.items():
            is_message = isinstance(kind, str)
            described.field.add(
                name=field,
                number=number,
                label=1,
                type=11 if is_message else kind,
                type_name=f".declared.{kind}" if is_message else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    described = pool.FindMessageTypeByName(f"declared.{name}")
    return message_factory.GetMessageClass(described)()


def test_batching_and_monitoring_are_what_a_server_reads(served: Path) -> None:
    text = (served / "batching_parameters.txt").read_text()
    batching = text_format.Parse(text, declared("BatchingParameters"))
    assert batching.max_batch_size.value == 64
    assert not batching.pad_variable_length_inputs
    text = (served / "monitoring.config").read_text()
    monitoring = text_format.Parse(text, declared("MonitoringConfig"))
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_the_compose_file_mounts_the_model_and_names_files_that_exist(
    served: Path, model_folder: Path
) -> None:
    compose = yaml.safe_load((served / "docker-compose.yml").read_text())
    (service,) = compose["services"].values()
    assert service["image"] == "tensorflow/serving:2.20.0"
    assert service["ports"] == ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]
    model, config = service["volumes"]
    assert (served / model["source"]).resolve() == model_folder.resolve()
    assert (model["target"], model["read_only"]) == ("/models/tiny", True)
    assert config == {"type": "bind", "source": ".", "target": "/config", "read_only": True}
    flags = dict(flag.removeprefix("--").split("=") for flag in service["command"])
    files = [value for value in flags.values() if value.startswith("/config/")]
    assert len(files) == 3
    assert all((served / Path(file).name).is_file() for file in files)


def test_a_path_with_signs_of_yaml_and_compose_is_kept(model_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a $b: 'ö' \"c\" #" / "tiny"
    shutil.copytree(model_folder, path)
    served = Path(write_serving_folder(tmp_path / "served", path))
    compose = yaml.safe_load((served / "docker-compose.yml").read_text(encoding="utf-8"))
    source = compose["services"]["tensorflow-serving"]["volumes"][0]["source"]
    assert (served / source.replace("$$", "$")).resolve() == path.resolve()


def test_the_health_check_asks_the_server(
    model_folder: Path, tmp_path: Path, responder: Any
) -> None:
    served = Path(write_serving_folder(tmp_path / "served", model_folder))
    compose = yaml.safe_load((served / "docker-compose.yml").read_text())
    kind, shell, option, check = compose["services"]["tensorflow-serving"]["healthcheck"]["test"]
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    assert kind == "CMD"
    here = check.replace("/8501", f"/{responder.rest_port}")
    assert subprocess.run([shell, option, here], check=False).returncode == 0
    other = here.replace("models/tiny", "models/other")
    assert subprocess.run([shell, option, other], check=False).returncode != 0


def assert_same(received: Any, expected: Any) -> None:
    """JSON values are equal, numbers nearly."""
    if isinstance(expected, dict):
        assert set(received) == set(expected)
        for key, value in expected.items():
            assert_same(received[key], value)
    elif isinstance(expected, list):
        assert len(received) == len(expected)
        for one, other in zip(received, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)
    else:
        assert received == expected


def answer_to(request: str) -> Any:
    """What a curl line of the README gets, with curl itself if it is there."""
    if shutil.which("curl") is not None:
        completed = subprocess.run(
            ["sh", "-c", request], capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(completed.stdout)
    match = CURL.fullmatch(request)
    assert match is not None
    with urllib.request.urlopen(match[1], match[2].encode(), timeout=60) as response:
        return json.loads(response.read())


def test_the_requests_of_the_readme_get_the_answers_of_the_readme(
    model_folder: Path, tmp_path: Path, responder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    served = write_serving_folder(
        tmp_path / "served",
        model_folder,
        rest_port=responder.rest_port,
        grpc_port=responder.grpc_port,
    )
    text = (Path(served) / "README.md").read_text(encoding="utf-8")
    blocks = CODE_BLOCK.findall(text)
    kinds = [kind for kind, _ in blocks]
    assert kinds == ["sh", "json"] * 5 + ["sh", "python", "text"]
    for (_, request), (_, answer) in zip(blocks[:10:2], blocks[1:10:2], strict=True):
        assert CURL.fullmatch(request)
        assert "it\\u0027s" in request  # a quotation mark does not end the shell's argument
        assert_same(answer_to(request), json.loads(answer))
    if shutil.which("curl") is not None:
        metadata = json.loads(subprocess.check_output(["sh", "-c", blocks[10][1]]))
        assert "signature_def" in metadata["metadata"]
    exec(blocks[11][1], {})
    assert capsys.readouterr().out == blocks[12][1] + "\n"


def test_what_a_server_would_not_take_is_refused(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold an exported version. Received: '.*/nowhere'"):
        write_serving_folder(tmp_path / "served", tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"`name` must be letters.* URLs. Received: 'a b'"):
        write_serving_folder(tmp_path / "served", model_folder, name="a b")
    with pytest.raises(ValueError, match=r"A label must be letters.*`labels` with 'new-one'"):
        write_serving_folder(tmp_path / "served", model_folder, labels={"new-one": 1})
    with pytest.raises(ValueError, match=r"`labels\['stable'\]` must be .* \[1\]. Received: 2"):
        write_serving_folder(tmp_path / "served", model_folder, labels={"stable": 2})
    with pytest.raises(ValueError, match=r"`grpc_port` must be .* at least 1 .* Received: -5"):
        write_serving_folder(tmp_path / "served", model_folder, grpc_port=-5)
    with pytest.raises(ValueError, match=r"must differ. Received: 8500 twice"):
        write_serving_folder(tmp_path / "served", model_folder, rest_port=8500)
    with pytest.raises(ValueError, match=r"`path` must name a folder. Received the file '/dev/nu"):
        write_serving_folder("/dev/null", model_folder)
    assert os.listdir(tmp_path) == []
