"""The exported model behind the protocols of TF Serving, as the responder speaks them."""

import base64
import concurrent.futures
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasseq.translation import Translator

Ask = Callable[..., dict[str, np.ndarray]]


def test_every_warm_up_record_runs_while_the_version_loads(responder: Any) -> None:
    assert responder.versions[1].warmed_up == 6


def test_rows_and_columns_are_answered_as_by_the_translator(
    responder: Any, translator: Translator
) -> None:
    texts = ["how are you today?", "", "日本語 👋"]
    expected = translator(texts)
    rows = responder.ask_rest({"instances": texts})["predictions"]
    named = responder.ask_rest({"instances": [{"text": text} for text in texts]})
    columns = responder.ask_rest({"inputs": {"text": texts}})["outputs"]
    bare = responder.ask_rest({"inputs": texts})["outputs"]
    assert named["predictions"] == rows
    assert bare == columns
    for row, answer in enumerate(expected):
        assert rows[row]["text"] == columns["text"][row] == answer.text
        assert rows[row]["finished"] == columns["finished"][row] == answer.finished
        assert rows[row]["score"] == pytest.approx(answer.score, rel=1e-5)
        assert rows[row]["alternatives"] == [other.text for other in answer.alternatives]


def test_every_signature_is_answered_in_rows_and_columns(responder: Any) -> None:
    inputs = {"attend": ["text"], "score": ["text", "target"], "complete": ["text", "prefix"]}
    for signature, names in inputs.items():
        row = dict.fromkeys(names, "hello")
        request: dict[str, Any] = {"signature_name": signature}
        rows = responder.ask_rest({**request, "instances": [row, row]})["predictions"]
        inputs_of_two = dict.fromkeys(names, ["hello", "hello"])
        columns = responder.ask_rest({**request, "inputs": inputs_of_two})["outputs"]
        assert rows == [{name: each[i] for name, each in columns.items()} for i in range(2)]


def test_grpc_gives_the_arrays_of_the_saved_model(responder: Any, ask: Ask) -> None:
    inputs: dict[str, list[Any]] = {
        "text": ["how are you today?", b"\xff"],
        "target": ["hello", ""],
    }
    for signature, names in (("serving_default", ["text"]), ("score", ["text", "target"])):
        chosen = {name: inputs[name] for name in names}
        received = responder.ask_grpc(chosen, signature_name=signature, version_label="stable")
        expected = ask(signature, **chosen)
        assert set(received) == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(received[name], values)


def test_versions_and_labels_choose_the_model(responder: Any) -> None:
    request = {"instances": ["hello"]}
    answer = responder.ask_rest(request)
    assert responder.ask_rest(request, "/v1/models/tiny/versions/1:predict") == answer
    assert responder.ask_rest(request, "/v1/models/tiny/labels/stable:predict") == answer
    assert responder.ask_rest(request, "/v1/models/tiny/versions/7:predict") == (
        404,
        "Servable not found for request: Specific(tiny, 7)",
    )
    assert responder.ask_rest(request, "/v1/models/tiny/labels/canary:predict") == (
        400,
        "Unrecognized servable version label: canary",
    )
    assert responder.ask_rest(request, "/v1/models/other:predict") == (
        404,
        "Servable not found for request: Latest(other)",
    )


def test_bytes_that_are_no_utf8_come_in_as_base64(responder: Any, translator: Translator) -> None:
    encoded = base64.b64encode(b"\xff hello").decode()
    (row,) = responder.ask_rest({"instances": [{"b64": encoded}]})["predictions"]
    (expected,) = translator(["\ufffd hello"])
    assert row["text"] == expected.text


def test_no_rows_are_answered_with_no_rows(responder: Any) -> None:
    columns = responder.ask_rest({"inputs": {"text": []}})["outputs"]
    assert columns["text"] == []
    assert set(map(len, columns.values())) == {0}
    received = responder.ask_grpc({"text": []})
    assert received["text"].shape == (0,)
    assert received["alternatives"].shape == (0, 2)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"instances": [3]}, "JSON Value: 3 is not of expected type: string"),
        ({"instances": [["a"]]}, r"is not of expected type: string"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"inputs": {"texts": ["a"]}}, "Missing named input: text in 'inputs' object"),
        ({"inputs": "a"}, "is not compatible with expected shape"),  # no scalar is taken
        ({"signature_name": "other", "inputs": ["a"]}, '"other" not found in signature def'),
        ({"signature_name": "score", "inputs": {"text": ["a", "b"], "target": ["a"]}}, "`target`"),
        ({}, "Missing 'inputs' or 'instances' key"),
    ],
)
def test_a_wrong_request_is_answered_with_400_and_a_reason(
    responder: Any, request_: Any, message: str
) -> None:
    status, reason = responder.ask_rest(request_)
    assert status == 400
    assert message in reason


def test_metadata_and_state_are_what_clients_read(responder: Any) -> None:
    metadata = responder.ask_rest(path="/v1/models/tiny/metadata")
    signatures = metadata["metadata"]["signature_def"]["signatureDef"]
    assert set(signatures) == {"serving_default", "attend", "score", "complete"}
    for signature in signatures.values():
        assert signature["methodName"] == "tensorflow/serving/predict"
        for name, tensor in signature["inputs"].items():
            assert (name, tensor["dtype"]) in [
                (each, "DT_STRING") for each in ("text", "target", "prefix")
            ]
            assert tensor["tensorShape"] == {"dim": [{"size": "-1"}]}
    (state,) = responder.ask_rest(path="/v1/models/tiny")["model_version_status"]
    assert (state["version"], state["state"]) == ("1", "AVAILABLE")


def test_strangers_in_one_batch_get_the_answers_they_get_alone(
    responder_module: Any, model_folder: Path, ask: Ask
) -> None:
    texts = ["", "a", "how are you today?", "日本語", "x" * 300, "it's a small world", "a", "b c"]
    with responder_module.Responder("tiny", model_folder, {}, window=0.5) as server:
        for signature in ("serving_default", "attend"):
            inputs = [{"text": [text]} for text in texts]
            request = functools.partial(server.ask_grpc, signature_name=signature)
            with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
                answers = list(pool.map(request, inputs))
            for text, received in zip(texts, answers, strict=True):
                for name, values in ask(signature, text=[text]).items():
                    common = received[name][tuple(slice(size) for size in values.shape)]
                    if values.dtype == np.float32:
                        np.testing.assert_allclose(common, values, rtol=1e-5, atol=1e-5)
                    else:
                        np.testing.assert_array_equal(common, values)
        assert max(server.batchers[1].sizes) > 1  # they did meet
