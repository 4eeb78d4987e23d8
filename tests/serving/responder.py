"""A small server that answers as TF Serving does: gRPC and REST, labels, warm-up, batching.

It stands in for the real one, which no package registry has. Messages of errors are TF Serving's.
"""

import base64
import concurrent.futures
import http.server
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import any_pb2, json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)

PREDICT_URL = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d+)|/labels/(?P<label>\w+))?:predict"
)
MODEL_URL = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d+))?(?P<rest>/metadata)?"
)
WARM_UP = "assets.extra/tf_serving_warmup_requests"


class RequestError(Exception):
    """What TF Serving would refuse, with the status of REST and of gRPC."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        codes = {400: grpc.StatusCode.INVALID_ARGUMENT, 404: grpc.StatusCode.NOT_FOUND}
        self.code = codes[status]


class Version:
    """One loaded version of a model, warmed up."""

    def __init__(self, folder: Path) -> None:
        self.module = tf.saved_model.load(str(folder))
        graph = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        self.signatures = {
            name: signature
            for name, signature in graph.meta_graphs[0].signature_def.items()
            if not name.startswith("__")
        }
        self.warmed_up = 0
        for record in tf.data.TFRecordDataset(str(folder / WARM_UP)).as_numpy_iterator():
            log = prediction_log_pb2.PredictionLog.FromString(record)
            request = log.predict_log.request
            inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)
            self.warmed_up += 1

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a signature on one batch, with the checks of a server."""
        signature = signature or "serving_default"
        if signature not in self.signatures:
            raise RequestError(f'Serving signature name: "{signature}" not found in signature def')
        expected = set(self.signatures[signature].inputs)
        if expected != set(inputs):
            missing, extra = expected - set(inputs), set(inputs) - expected
            raise RequestError(
                f"input size does not match signature: {len(inputs)}!={len(expected)}. "
                f"Sent extra: {extra}. Missing but required: {missing}."
            )
        tensors = {name: tf.constant(values, tf.string) for name, values in inputs.items()}
        try:
            outputs = self.module.signatures[signature](**tensors)
        except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
            raise RequestError(str(error)) from error
        return {name: tensor.numpy() for name, tensor in outputs.items()}


class Batcher:
    """Runs requests of one signature together, as a server with `--enable_batching` does."""

    def __init__(self, run: Callable[..., dict[str, np.ndarray]], window: float) -> None:
        self.run = run
        self.window = window
        self.lock = threading.Lock()
        self.waiting: dict[str, list[tuple[Any, concurrent.futures.Future]]] = {}
        self.sizes: list[int] = []

    def __call__(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        future: concurrent.futures.Future = concurrent.futures.Future()
        with self.lock:
            batch = self.waiting.setdefault(signature, [])
            batch.append((inputs, future))
            is_first = len(batch) == 1
        if is_first:
            time.sleep(self.window)
            with self.lock:
                self._run(signature, self.waiting.pop(signature))
        return future.result()

    def _run(self, signature: str, batch: list[tuple[Any, concurrent.futures.Future]]) -> None:
        sizes = []
        for inputs, _ in batch:
            (size,) = {values.shape[0] for values in inputs.values()}
            sizes.append(size)
        names = batch[0][0]
        merged = {name: np.concatenate([inputs[name] for inputs, _ in batch]) for name in names}
        outputs = self.run(signature, merged)
        for name, values in outputs.items():
            if values.ndim == 0 or values.shape[0] != sum(sizes):
                raise AssertionError(f"0th dimension of `{name}` does not equal the sum")
        starts = np.cumsum(sizes)[:-1]
        parts = {name: np.split(values, starts) for name, values in outputs.items()}
        self.sizes.append(sum(sizes))
        for index, (_, future) in enumerate(batch):
            future.set_result({name: pieces[index] for name, pieces in parts.items()})


class Responder:
    """Serves all versions in a model's folder over gRPC and REST, on the loopback address."""

    def __init__(
        self, name: str, folder: Path, labels: dict[str, int], window: float | None = None
    ) -> None:
        self.name = name
        self.labels = labels
        numbers = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
        self.versions = {number: Version(folder / str(number)) for number in numbers}
        self.batchers = {
            number: version.run if window is None else Batcher(version.run, window)
            for number, version in self.versions.items()
        }

    def __enter__(self) -> "Responder":
        handler = type("BoundHandler", (Handler,), {"responder": self})
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.rest_port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            Predictions(self), self.grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(Models(self), self.grpc)
        self.grpc_port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.grpc.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.grpc.stop(None).wait()

    def ask_rest(self, request: Any = None, path: str = "") -> Any:
        """What a REST request gets; an error as `(status, message)`."""
        body = None if request is None else json.dumps(request).encode()
        url = f"http://127.0.0.1:{self.rest_port}{path or f'/v1/models/{self.name}:predict'}"
        try:
            with urllib.request.urlopen(url, body, timeout=60) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())["error"]

    def ask_grpc(self, inputs: dict[str, list[Any]], **spec: str) -> dict[str, np.ndarray]:
        """What a gRPC request gets."""
        request = predict_pb2.PredictRequest(model_spec={"name": self.name, **spec})
        for name, texts in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(texts, tf.string, [len(texts)]))
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            response = stub.Predict(request, timeout=60)
        return {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}

    def choose(self, name: str, version: int | None = None, label: str | None = None) -> int:
        """The number of the version that a request means."""
        if name != self.name or (version is not None and version not in self.versions):
            wanted = f"Specific({name}, {version})" if version else f"Latest({name})"
            raise RequestError(f"Servable not found for request: {wanted}", 404)
        if label is not None and label not in self.labels:
            raise RequestError(f"Unrecognized servable version label: {label}", 400)
        return self.labels[label] if label else version or max(self.versions)

    def predict(
        self, version: int, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        return self.batchers[version](signature, inputs)

    def metadata(self, version: int) -> get_model_metadata_pb2.GetModelMetadataResponse:
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = self.name
        response.model_spec.version.value = version
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in self.versions[version].signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        packed = any_pb2.Any()
        packed.Pack(signatures)
        response.metadata["signature_def"].CopyFrom(packed)
        return response

    def status(self) -> get_model_status_pb2.GetModelStatusResponse:
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in self.versions:
            available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
            response.model_version_status.add(version=version, state=available)
        return response


def chosen_by(responder: Responder, spec: model_pb2.ModelSpec) -> int:
    version = spec.version.value if spec.HasField("version") else None
    return responder.choose(spec.name, version, spec.version_label or None)


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The gRPC service of predictions."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 (the name in the protocol)
        try:
            version = chosen_by(self.responder, request.model_spec)
            inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
            signature = request.model_spec.signature_name
            outputs = self.responder.predict(version, signature, inputs)
        except RequestError as error:
            context.abort(error.code, str(error))
        response = predict_pb2.PredictResponse()
        response.model_spec.version.value = version
        for name, values in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
        return response

    def GetModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self.responder.metadata(chosen_by(self.responder, request.model_spec))


class Models(model_service_pb2_grpc.ModelServiceServicer):
    """The gRPC service of states."""

    def __init__(self, responder: Responder) -> None:
        self.responder = responder

    def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self.responder.status()


class Handler(http.server.BaseHTTPRequestHandler):
    """REST as in TF Serving's json_tensor.cc."""

    responder: Responder

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:  # noqa: N802
        self._answer(self._look_up)

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(lambda: self._predict(body))

    def _answer(self, make: Callable[[], Any]) -> None:
        try:
            status, answer = 200, make()
        except RequestError as error:
            status, answer = error.status, {"error": str(error)}
        content = json.dumps(answer, ensure_ascii=False, indent=4).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _look_up(self) -> Any:
        match = MODEL_URL.fullmatch(self.path)
        if match is None:
            raise RequestError("Malformed request: GET " + self.path, 400)
        number = int(match["version"]) if match["version"] else None
        version = self.responder.choose(match["name"], number)
        if match["rest"]:
            return json_format.MessageToDict(self.responder.metadata(version))
        message = self.responder.status()
        return json_format.MessageToDict(message, preserving_proto_field_name=True)

    def _predict(self, body: bytes) -> Any:
        match = PREDICT_URL.fullmatch(self.path)
        if match is None:
            raise RequestError("Malformed request: POST " + self.path, 400)
        number = int(match["version"]) if match["version"] else None
        version = self.responder.choose(match["name"], number, match["label"])
        try:
            request = json.loads(body)
        except ValueError as error:
            raise RequestError(f"JSON Parse error: {error}") from error
        signature = request.get("signature_name", "serving_default")
        if signature not in self.responder.versions[version].signatures:
            raise RequestError(f'Serving signature name: "{signature}" not found in signature def')
        names = sorted(self.responder.versions[version].signatures[signature].inputs)
        if ("instances" in request) == ("inputs" in request):
            raise RequestError("Missing 'inputs' or 'instances' key")
        if "instances" in request:
            inputs = row_inputs(request["instances"], names)
            return {"predictions": rows(self.responder.predict(version, signature, inputs))}
        inputs = column_inputs(request["inputs"], names)
        outputs = self.responder.predict(version, signature, inputs)
        return {"outputs": {name: plain(values) for name, values in sorted(outputs.items())}}


def row_inputs(instances: Any, names: list[str]) -> dict[str, np.ndarray]:
    if not isinstance(instances, list) or not instances:
        raise RequestError("No values in 'instances' array")
    if is_object(instances[0]):
        for position, instance in enumerate(instances):
            if sorted(instance) != names:
                raise RequestError(
                    f"Failed to process element: {position} of 'instances' list. "
                    f"keys must be equal to: {','.join(names)}"
                )
        return {name: strings([instance[name] for instance in instances]) for name in names}
    if len(names) > 1:
        raise RequestError("instances is a plain list, but expecting list of objects")
    return {names[0]: strings(instances)}


def column_inputs(inputs: Any, names: list[str]) -> dict[str, np.ndarray]:
    if not is_object(inputs):
        if len(names) > 1:
            raise RequestError("inputs is a plain value/list, but expecting an object")
        return {names[0]: strings(inputs)}
    for name in names:
        if name not in inputs:
            raise RequestError(f"Missing named input: {name} in 'inputs' object.")
    return {name: strings(inputs[name]) for name in names}


def is_object(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def strings(values: Any) -> np.ndarray:
    if not isinstance(values, list):
        return np.array(string(values), object)
    return np.array([string(value) for value in values], object)


def string(value: Any) -> bytes:
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    if not isinstance(value, str):
        raise RequestError(f"JSON Value: {value} is not of expected type: string")
    return value.encode()


def rows(outputs: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    sizes = {values.shape[:1] for values in outputs.values()}
    if len(sizes) != 1 or () in sizes:
        raise RequestError(f"has inconsistent batch size: {sizes}")
    values = {name: plain(array) for name, array in sorted(outputs.items())}
    return [{name: each[row] for name, each in values.items()} for row in range(*sizes.pop())]


def plain(values: np.ndarray) -> Any:
    if values.dtype == object:
        return np.vectorize(bytes.decode, otypes=[object])(values).tolist()
    if values.dtype not in (np.float32, np.int32, np.bool_):
        raise RequestError(f"Failed to write JSON value for tensor type: {values.dtype}")
    return values.tolist()
