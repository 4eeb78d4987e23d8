"""A process that can import neither Keras nor kerasseq gives the answers of the translator."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import kerasseq
from kerasseq.serving import export
from kerasseq.serving.signatures import SavedTranslator, trace_signatures
from kerasseq.translation import Translator

BEAM = {"name": "beam", "num_beams": 3, "n_best": 2}
TEXTS = [
    *("", "how are you today?", "it's a small world 👋🏽", "日本語 אבג \ufffd", "a\0b"),
    *("Hello world! " * 400, "på ön är det kallt", "e\u0301"),
]
# With `test_verification.py`, which asks for a beam over characters and words: each tokenizer and
# search, with attention and without. All of them with each other are in the slow test.
NETWORKS: dict[str, dict[str, Any]] = {
    "greedy": {"source": "byte", "target": "regex", "network": "bahdanau_2015"},
    "sampling": {
        "source": "word",
        "target": "subword",
        "search": {"name": "sampling", "n_best": 2},
        "network": "cho_2014",
    },
}
# `import tensorflow_text` itself imports Keras: its op libraries are loaded by their path.
BARE = """
import importlib.util, json, pathlib, sys

for name in ("keras", "kerasseq"):
    sys.modules[name] = None
import tensorflow as tf

text = pathlib.Path(importlib.util.find_spec("tensorflow_text").origin).parent / "python" / "ops"
tf.load_op_library(str(text / "_fast_sentencepiece_tokenizer.so"))
tf.load_op_library(str(text / "_normalize_ops.so"))

def plain(values):
    return [each.decode() for each in values] if values.dtype == object else values.tolist()

for case in json.loads(sys.stdin.read()):
    loaded = tf.saved_model.load(case["folder"])
    answers = []
    for start in range(0, len(case["texts"]), 64):
        batch = tf.constant(case["texts"][start : start + 64])
        outputs = loaded.signatures["attend"](batch)
        outputs = {name: tensor.numpy() for name, tensor in outputs.items()}
        best = loaded.signatures["serving_default"](batch)
        for row in range(len(batch)):
            source, target = outputs["source_lengths"][row], outputs["target_lengths"][row]
            answers.append({
                "text": outputs["text"][row].decode(),
                "score": float(outputs["score"][row]),
                "finished": bool(outputs["finished"][row]),
                "truncated": bool(outputs["truncated"][row]),
                "alternatives": plain(best["alternatives"][row].numpy()),
                "alternative_scores": plain(best["alternative_scores"][row].numpy()),
                "source_tokens": plain(outputs["source_tokens"][row, :source]),
                "target_tokens": plain(outputs["target_tokens"][row, :target]),
                "attention_weights": plain(outputs["attention_weights"][row, :target, :source]),
            })
    print(json.dumps(answers))
print(json.dumps([name for name in sys.modules if name.split(".")[0] == "kerasseq"]))
"""


def bare_answers(folders: dict[str, Path], texts: Sequence[str]) -> dict[str, list[dict]]:
    """The answers of all SavedModels to the texts, from one bare process."""
    cases = [{"folder": os.fspath(folder), "texts": list(texts)} for folder in folders.values()]
    completed = subprocess.run(
        [sys.executable, "-c", BARE],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    *answers, modules = map(json.loads, completed.stdout.splitlines())
    assert modules == ["kerasseq"]  # the block itself
    return dict(zip(folders, answers, strict=True))


def assert_equal_answers(
    translator: Translator, texts: Sequence[str], answers: list[dict[str, Any]]
) -> None:
    for expected, received in zip(translator(texts), answers, strict=True):
        for field in ("text", "finished", "truncated", "source_tokens", "target_tokens"):
            assert received[field] == getattr(expected, field), (field, expected.source)
        absent = len(received["alternatives"]) - len(expected.alternatives)
        texts_of = [other.text for other in expected.alternatives] + [""] * absent
        assert received["alternatives"] == texts_of
        scores = [other.score for other in expected.alternatives] + [-1e30] * absent
        np.testing.assert_allclose(received["score"], expected.score, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(received["alternative_scores"], scores, rtol=1e-5, atol=1e-5)
        weights = np.reshape(received["attention_weights"], expected.attention_weights.shape)
        np.testing.assert_allclose(weights, expected.attention_weights, atol=1e-5)


def test_greedy_search_and_sampling_answer_as_the_translator(
    make_translator: Any, tmp_path: Path
) -> None:
    made = {name: make_translator(**options) for name, options in NETWORKS.items()}
    folders = {name: tmp_path / name for name in made}
    for name, translator in made.items():
        traced = trace_signatures(translator, ("serving_default", "attend"))
        tf.saved_model.save(SavedTranslator(translator), os.fspath(folders[name]), traced)
    for name, answers in bare_answers(folders, TEXTS).items():
        assert_equal_answers(made[name], TEXTS, answers)


def matrix() -> dict[str, dict[str, Any]]:
    """Tokenizers, decoders and attentions, each greedy and with a beam."""
    kinds: dict[str, dict[str, Any]] = {
        "character": {"source": "character", "target": "character"},
        "byte": {"source": "byte", "target": "byte"},
        "word": {"source": "word", "target": "word"},
        "regex": {"source": "regex", "target": "regex"},
        "subword": {"source": "subword", "target": "subword"},
        "bahdanau_2015": {"network": "bahdanau_2015"},
        "cho_2014": {"network": "cho_2014"},
        "sutskever_2014": {"network": "sutskever_2014"},
        "luong_2015": {"network": "luong_2015"},
        "gnmt_2016": {"network": "gnmt_2016", "residual_from": None},
        "ensemble": {"networks": 2},
        "replaced_unknowns": {"target": "word", "replace_unknown": True},
        **{f"attention_{name}": {"attention": name} for name in kerasseq.layers.ATTENTIONS},
    }
    return {
        f"{kind}_{search if isinstance(search, str) else 'beam'}": {**options, "search": search}
        for kind, options in kinds.items()
        for search in ("greedy", BEAM)
    }


@pytest.mark.slow
def test_500_held_out_sentences_are_answered_as_by_the_translator(
    make_translator: Any, tmp_path: Path
) -> None:
    _, _, held_out = kerasseq.data.load_sample("tatoeba_eng_swe")
    texts = held_out.sources[:500]
    made = {name: make_translator(**options) for name, options in matrix().items()}
    folders = {}
    for name, translator in made.items():
        folders[name] = Path(export(translator, tmp_path / name, examples=TEXTS))
    for name, answers in bare_answers(folders, texts).items():
        assert_equal_answers(made[name], texts, answers)


@pytest.mark.slow
def test_500_held_out_sentences_are_answered_through_rest_and_grpc(
    responder: Any, translator: Translator
) -> None:
    _, _, held_out = kerasseq.data.load_sample("tatoeba_eng_swe")
    texts = held_out.sources[:500]
    expected = translator(texts)
    rows: list[dict[str, Any]] = []
    columns: list[bytes] = []
    for start in range(0, 500, 50):
        batch = texts[start : start + 50]
        rows += responder.ask_rest({"instances": batch})["predictions"]
        columns += responder.ask_grpc({"text": batch})["text"].tolist()
    for row, column, answer in zip(rows, columns, expected, strict=True):
        assert row["text"] == column.decode() == answer.text
        assert row["score"] == pytest.approx(answer.score, rel=1e-5, abs=1e-5)
