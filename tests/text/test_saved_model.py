"""Codecs in SavedModels, read by a process that imports TensorFlow and tensorflow-text alone."""

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import keras
import tensorflow as tf

from kerasseq.text import TextCodec
from kerasseq.typing import Tensor

TEXTS = [
    *("Hello, world!", "  IT'S \t Jag är trött", "", "ISTANBUL e\u0301 ﬁ A\0B"),
    *("👨\u200d👩\u200d👧 日本語 </s>", "Hello " * 850),
]

BARE_PROCESS = """
import json, sys
import tensorflow as tf
import tensorflow_text

module = tf.saved_model.load(sys.argv[1])
texts = json.loads(sys.stdin.read())
answers = {"modules": [name for name in sys.modules if name.split(".")[0] == "kerasseq"]}
for name in ("source", "target", "character", "byte", "word", "regex"):
    ids = getattr(module, f"encode_{name}")(tf.constant(texts))
    decoded = getattr(module, f"decode_{name}")(ids.to_tensor())
    empty = getattr(module, f"encode_{name}")(tf.constant([], tf.string))
    broken = getattr(module, f"encode_{name}")(tf.constant([b"\\xff a"]))
    answers[name] = [
        ids.to_list(), [text.decode() for text in decoded.numpy()], empty.to_list(),
        broken.to_list(),
    ]
print(json.dumps(answers))
"""

FRESH_PROCESS = """
import json, sys
import keras, kerasseq

config, corpus, texts = json.loads(sys.stdin.read())
codec = keras.saving.deserialize_keras_object(config)
trained = kerasseq.text.TextCodec.train(corpus, vocabulary_size=50, seed=3)
print(json.dumps([
    trained.get_config() == codec.get_config(), codec.sample(texts, range(len(texts))).to_list()
]))
"""


def made_codecs() -> dict[str, TextCodec]:
    source_texts = ["Hello, world!", "how are you today"]
    target_texts = ["Jag är trött", "hej på dig du", "världen"]
    both = source_texts + target_texts
    return {
        "source": TextCodec.train(source_texts, tokenizer="subword"),
        "target": TextCodec.train(target_texts, "subword", normalization="nfkc", lowercase=True),
        "character": TextCodec.train(both, "character", normalization="nfc", lowercase=True),
        "byte": TextCodec.train(both, "byte"),
        "word": TextCodec.train(both, {"name": "word", "split_punctuation": True}),
        "regex": TextCodec.train(both, "regex", pattern=r"\pL+"),
    }


class Codecs(tf.Module):
    """Holds codecs as attributes, with a function of each to encode and to decode."""

    def __init__(self, codecs: dict[str, TextCodec]) -> None:
        super().__init__()
        for name, codec in codecs.items():
            setattr(self, name, codec)
            texts = tf.TensorSpec([None], tf.string)
            token_ids = tf.TensorSpec([None, None], tf.int32)
            setattr(self, f"encode_{name}", tf.function(codec.encode, [texts]))
            setattr(self, f"decode_{name}", tf.function(codec.decode, [token_ids]))


def answers_of(codec: TextCodec) -> list:
    ids = codec.encode(TEXTS)
    decoded = [text.decode() for text in codec.decode(ids).numpy()]
    return [ids.to_list(), decoded, [], codec.encode([b"\xff a"]).to_list()]


def run(program: str, argument: str, standard_input: str, **environment: str) -> Any:
    completed = subprocess.run(
        [sys.executable, "-c", program, argument],
        input=standard_input,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout.splitlines()[-1])


def test_codecs_in_one_saved_model_do_not_touch_each_other(tmp_path: pathlib.Path) -> None:
    codecs = made_codecs()
    expected = {name: answers_of(codec) for name, codec in codecs.items()}
    tf.saved_model.save(Codecs(codecs), str(tmp_path))

    # Seeding destroys the resources of tensorflow-text's other SentencePiece op.
    loaded = tf.saved_model.load(str(tmp_path))
    keras.utils.set_random_seed(1)
    assert {name: answers_of(codec) for name, codec in codecs.items()} == expected
    for name in codecs:
        assert getattr(loaded, f"encode_{name}")(TEXTS).to_list() == expected[name][0]

    # A Turkish process lowers "I" to a dotless i; these codecs do not.
    answers = run(BARE_PROCESS, str(tmp_path), json.dumps(TEXTS), LC_ALL="tr_TR.UTF-8")
    assert answers.pop("modules") == []
    assert answers == expected


def test_training_and_sampling_are_the_same_in_another_process() -> None:
    corpus = [f"{word} number {i}" for i, word in enumerate(["one", "other", "number"] * 20)]
    codec = TextCodec.train(corpus, vocabulary_size=50, seed=3)
    config = keras.saving.serialize_keras_object(codec)

    same, samples = run(FRESH_PROCESS, "", json.dumps([config, corpus, corpus]), PYTHONHASHSEED="7")

    assert same
    assert samples == codec.sample(corpus, range(len(corpus))).to_list()


def test_exported_graphs_hold_no_python_and_no_old_sentencepiece(
    codecs: dict[str, TextCodec],
) -> None:
    for name, codec in codecs.items():

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def there_and_back(texts: Tensor, codec: TextCodec = codec) -> Tensor:
            return codec.decode(codec.encode(texts))

        graph = there_and_back.get_concrete_function().graph
        operations = {node.op for node in graph.as_graph_def().node}
        operations |= {
            node.op
            for function in graph.as_graph_def().library.function
            for node in function.node_def
        }
        assert not [op for op in operations if "PyFunc" in op or "SentencepieceOp" in op]
        custom = {op for op in operations if op.startswith("TFText") or "TFText" in op}
        assert custom == ({"TFText>FastSentencepieceTokenize"} if name == "subword" else set())
