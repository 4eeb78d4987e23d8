"""The README of a serving folder: requests to this very model, and the answers it gives."""

import json
import string
from typing import Any, NamedTuple

README = string.Template("""\
# $name, served

Version $version: $network, $parameters parameters; $source_size source and $target_size target
tokens; exported with kerasseq $kerasseq and TensorFlow $tensorflow. `model_card.json` beside the
SavedModel says the rest.

    docker compose up

starts the official TF Serving with this model. It is loaded when
`curl http://localhost:$rest_port/v1/models/$name` says AVAILABLE. The requests below work as they
stand; under each is the answer that this model gave when it was exported.

## REST

Translate; a row a text:

```sh
$default_request
```

```json
$default_answer
```

`finished` is false where the output was cut at its limit, `truncated` is true where the text was
longer than what the model reads ($max_source_length tokens), and was cut.

Translate with tokens and attention weights; a column an output. Rows are padded to the longest one
in the batch, `source_lengths` and `target_lengths` say what is real:

```sh
$attend_request
```

```json
$attend_answer
```

Say how likely a given target is (its summed natural log probability):

```sh
$score_request
```

```json
$score_answer
```

Complete a given beginning:

```sh
$complete_request
```

```json
$complete_answer
```

Ask for a version by its label ($labels), or by its number with `/versions/$version`:

```sh
$label_request
```

```json
$default_answer
```

Signatures, with dtype and shape of each input and output:

```sh
curl -s http://localhost:$rest_port/v1/models/$name/metadata
```

Bytes that are not UTF-8 go in as `{"b64": "..."}`; they are read with U+FFFD in the place of what
is broken. An answer with status 400 has an `error`. A request may hold $max_batch_size texts.

## gRPC

With the packages `tensorflow` and `tensorflow-serving-api`:

```python
$grpc_request
```

```text
$grpc_answer
```

## A new version

Export it into the same folder (it becomes the next number), write this folder again, and the server
loads it within a minute. To go back, give the label in `models.config` to the version before.
`curl -s http://localhost:$rest_port/monitoring/prometheus/metrics` has the numbers of requests and
their latencies. `batching_parameters.txt` trades latency for throughput.
""")
GRPC_REQUEST = string.Template("""\
import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

channel = grpc.insecure_channel("localhost:$grpc_port")
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
request = predict_pb2.PredictRequest()
request.model_spec.name = "$name"
request.model_spec.version_label = "$label"
request.inputs["text"].CopyFrom(tf.make_tensor_proto([$text]))
response = stub.Predict(request, timeout=30)
print(tf.make_ndarray(response.outputs["text"])[0].decode())""")


class Server(NamedTuple):
    """What clients of a server must know.

    Attributes:
        name: of the model.
        labels: versions by label.
        rest_port: of this machine.
        grpc_port: of this machine.
        max_batch_size: texts that a request may hold.
    """

    name: str
    labels: dict[str, int]
    rest_port: int
    grpc_port: int
    max_batch_size: int


def readme(server: Server, version: int, card: dict[str, Any]) -> str:
    """Returns the README.

    Args:
        server: how the model is served.
        version: the version in the examples. A copy of another has the other's card.
        card: its model card.
    """
    default, attend, score, complete = card["warm_up"][:4]
    label = next(each for each, labelled in server.labels.items() if labelled == version)
    (text,) = default["inputs"]["text"]
    return README.substitute(
        name=server.name,
        version=version,
        network=card["network"],
        parameters=f"{card['parameters']:,}",
        source_size=card["source"]["vocabulary_size"],
        target_size=card["target"]["vocabulary_size"],
        kerasseq=card["versions"]["kerasseq"],
        tensorflow=card["versions"]["tensorflow"],
        rest_port=server.rest_port,
        max_source_length=card["max_source_length"],
        max_batch_size=server.max_batch_size,
        labels=", ".join(f"`{each}` is {number}" for each, number in server.labels.items()),
        default_request=_curl(server, {"instances": [text]}),
        default_answer=_json({"predictions": _rows(default["outputs"])}),
        label_request=_curl(server, {"instances": [text]}, f"/labels/{label}"),
        attend_request=_column_request(server, attend),
        attend_answer=_json({"outputs": attend["outputs"]}),
        score_request=_column_request(server, score),
        score_answer=_json({"outputs": score["outputs"]}),
        complete_request=_column_request(server, complete),
        complete_answer=_json({"outputs": complete["outputs"]}),
        grpc_request=GRPC_REQUEST.substitute(
            name=server.name, grpc_port=server.grpc_port, label=label, text=_json(text)
        ),
        grpc_answer=default["outputs"]["text"][0],
    )


def _column_request(server: Server, record: dict[str, Any]) -> str:
    return _curl(server, {"signature_name": record["signature"], "inputs": record["inputs"]})


def _curl(server: Server, request: dict[str, Any], label: str = "") -> str:
    # A quotation mark of the shell would end the argument; JSON has another way to write it.
    body = _json(request).replace("'", "\\u0027")
    url = f"http://localhost:{server.rest_port}/v1/models/{server.name}{label}:predict"
    return f"curl -s {url} \\\n  -d '{body}'"


def _rows(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    count = len(outputs["text"])
    return [{name: values[row] for name, values in outputs.items()} for row in range(count)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
