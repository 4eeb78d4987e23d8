import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.serving import verify_export
from kerasseq.serving.model_card import HALF_TOLERANCE, write_card
from kerasseq.serving.signatures import SIGNATURES
from kerasseq.translation import Translator


@pytest.fixture(scope="module")
def card(model_folder: Path) -> dict[str, Any]:
    return json.loads((model_folder / "1" / "model_card.json").read_text(encoding="utf-8"))


def test_the_card_says_what_the_model_is(card: dict[str, Any], translator: Translator) -> None:
    assert (card["name"], card["version"]) == ("tiny", 1)
    assert card["source"] == {
        "vocabulary_size": translator.source_codec.vocabulary_size,
        "tokenizer": "CharacterTokenizer",
        "normalization": "none",
        "lowercase": False,
    }
    assert card["target"]["tokenizer"] == "WordTokenizer"
    assert card["search"]["config"]["num_beams"] == 3
    assert keras.saving.deserialize_keras_object(card["search"]).n_best == 2
    assert card["parameters"] == translator.network.count_params()
    assert (card["max_source_length"], card["max_target_length"]) == (64, 138)
    assert card["versions"]["kerasseq"] == kerasseq.__version__
    assert card["versions"]["tensorflow"] == tf.__version__
    assert card["compute_dtype"] == "float32"


def test_the_precision_is_that_of_the_file_and_not_of_the_session(
    make_translator: Callable[..., Translator], tmp_path: Path
) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        make_translator().save(tmp_path / "half.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    version = Translator.load(tmp_path / "half.keras").export(tmp_path / "half")
    card = json.loads((Path(version) / "model_card.json").read_text(encoding="utf-8"))
    assert (card["compute_dtype"], card["tolerance"]) == ("bfloat16", HALF_TOLERANCE)
    verify_export(version)


def test_the_card_has_the_sum_of_every_other_file(card: dict[str, Any], model_folder: Path) -> None:
    folder = model_folder / "1"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(card["files"]) == names - {"model_card.json"}
    for name, said in card["files"].items():
        content = (folder / name).read_bytes()
        assert said == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_the_card_lists_the_signatures(card: dict[str, Any]) -> None:
    assert set(card["signatures"]) == set(SIGNATURES)
    for name, inputs in SIGNATURES.items():
        signature = card["signatures"][name]
        assert signature["inputs"] == {
            each: {"dtype": "string", "shape": [None]} for each in inputs
        }
        assert all(output["shape"][0] is None for output in signature["outputs"].values())
    assert card["signatures"]["attend"]["outputs"]["attention_weights"] == {
        "dtype": "float32",
        "shape": [None, None, None],
    }
    assert card["signatures"]["serving_default"]["outputs"]["alternatives"]["shape"] == [None, 2]


def test_the_card_has_the_answers_of_the_warm_up(
    card: dict[str, Any], translator: Translator
) -> None:
    (text,) = card["warm_up"][0]["inputs"]["text"]
    (expected,) = translator([text])
    outputs = card["warm_up"][0]["outputs"]
    assert outputs["text"] == [expected.text]
    assert outputs["score"][0] == pytest.approx(expected.score, rel=1e-5)


@pytest.mark.parametrize(
    ("metadata", "metrics"),
    [
        ({"metrics": {"bleu": 30.5}}, {"bleu": 30.5}),
        ({"report": {"chrf": 51.0}, "config": {}}, {"chrf": 51.0}),
        ({}, {}),
        (
            {"metrics": {"loss": math.nan, "all": [1.5, math.inf]}},
            {"loss": None, "all": [1.5, None]},
        ),
    ],
)
def test_metrics_come_from_the_metadata(
    translator: Translator,
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    metadata: dict[str, Any],
    metrics: dict[str, Any],
) -> None:
    monkeypatch.setattr(translator, "metadata", metadata)
    (tmp_path / "saved_model.pb").write_bytes((model_folder / "1/saved_model.pb").read_bytes())
    write_card(tmp_path, translator, "name", 3, [])
    card = json.loads((tmp_path / "model_card.json").read_text())
    assert card["metrics"] == metrics
    assert set(card["metadata"]) == set(metadata)
