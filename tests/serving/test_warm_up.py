from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.serving.verification import WARM_UP, Request, read_warm_up
from kerasseq.serving.warm_up import choose_examples, prediction_log, write_warm_up
from kerasseq.translation import Translator

LONG = Request("score", {"text": ["å" * 300, ""], "target": ["👋", "a\0b"]})


def test_the_shortest_the_middle_and_the_longest_example_are_taken(translator: Translator) -> None:
    texts = ["four", " ", "a", "seven..", "", "twice", "twice"]
    assert choose_examples(translator, texts) == ["a", "twice", "seven.."]
    assert choose_examples(translator, ["one", "one"]) == ["one"]
    assert choose_examples(translator, [""]) == [""]


def test_without_examples_those_of_the_metadata_are_taken(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translator, "metadata", {"examples": ["ab", "a"]})
    assert choose_examples(translator) == ["a", "ab"]


@pytest.mark.parametrize("other", [[1, 2], "hello", None, {"a": 1}])
def test_metadata_that_means_something_else_is_not_taken(
    other: Any, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = choose_examples(translator)
    monkeypatch.setattr(translator, "metadata", {"examples": other})
    assert choose_examples(translator) == expected


@pytest.mark.parametrize("tokenizer", ["character", "byte", "word"])
def test_without_any_they_are_made_of_the_vocabulary(make_translator: Any, tokenizer: str) -> None:
    made = make_translator(source=tokenizer, network="cho_2014")
    short, long = choose_examples(made)
    lengths = made.source_codec.encode([short, long]).row_lengths().numpy().tolist()
    assert lengths == [5, 60]
    assert short.replace(" ", "").isalnum()


def test_a_record_reads_back_as_the_request(tmp_path: Path) -> None:
    requests = [Request("serving_default", {"text": []}), LONG]
    write_warm_up(tmp_path, "a-name", requests)
    assert read_warm_up(tmp_path) == requests


def test_a_record_is_the_official_message() -> None:
    protos = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    written = prediction_log("name" * 50, LONG)
    log = protos.PredictionLog.FromString(written)
    assert log.WhichOneof("log_type") == "predict_log"
    request = log.predict_log.request
    assert request.model_spec.name == "name" * 50
    assert request.model_spec.signature_name == "score"
    for name, texts in LONG.inputs.items():
        values = tf.make_ndarray(request.inputs[name])
        np.testing.assert_array_equal(values, [text.encode() for text in texts])
    again = log.SerializeToString(deterministic=True)
    assert sorted(again) == sorted(written)  # nothing unknown, nothing lost


def test_a_version_is_warmed_up_with_short_and_long_inputs(model_folder: Path) -> None:
    requests = read_warm_up(model_folder / "1")
    assert [request.signature for request in requests] == (
        ["serving_default", "attend", "score", "complete", "serving_default", "serving_default"]
    )
    lengths = [[len(text) for text in request.inputs["text"]] for request in requests]
    assert lengths == [[10], [10], [10], [10], [152], [10, 13, 152]]
    assert (model_folder / "1" / WARM_UP).parent.name == "assets.extra"
