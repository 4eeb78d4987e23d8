"""One file holds all of a translator, and a damaged one is an error that says so."""

import copy
import errno
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import kerasseq
from kerasseq.translation import Translator, TranslatorModel
from kerasseq.translation.translator_file import write_model

FRESH_PROCESS = """
import json, sys
import kerasseq

translator = kerasseq.Translator.load(sys.argv[1])
answers = [answer.to_dict() for answer in translator(json.loads(sys.stdin.read()))]
print(json.dumps([answers, translator.metadata]))
"""


def test_a_loaded_translator_answers_the_same_in_a_fresh_process(
    make_translator: Callable[..., Translator], texts: list[str], tmp_path: Path
) -> None:
    made = make_translator(
        source="subword", search={"name": "beam", "num_beams": 2}, metadata={"bleu": [30.5]}
    )
    made.save(tmp_path / "model.keras")
    completed = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, tmp_path / "model.keras"],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    answers, metadata = json.loads(completed.stdout.splitlines()[-1])
    assert metadata == {"bleu": [30.5]}
    for received, expected in zip(answers, made(texts), strict=True):
        assert received["text"] == expected.text
        assert received["target_tokens"] == expected.target_tokens
        assert received["score"] == pytest.approx(expected.score, rel=1e-5, abs=1e-5)
    assert os.listdir(tmp_path) == ["model.keras"]


def test_a_compiled_network_is_saved_without_its_optimiser(
    make_translator: Callable[..., Translator], tmp_path: Path
) -> None:
    made = make_translator()
    made.save(tmp_path / "before.keras")
    made.network.compile("adam", "mse")
    made.network.optimizer.build(made.network.trainable_variables)
    made.save(tmp_path / "after.keras")
    before, after = ((tmp_path / name).stat().st_size for name in ("before.keras", "after.keras"))
    assert after == pytest.approx(before, rel=0.01)
    loaded = Translator.load(tmp_path / "after.keras")
    assert loaded(["hello"])[0].text == made(["hello"])[0].text


def saved(translator: Translator, folder: Path) -> Path:
    path = folder / "model.keras"
    translator.save(path)
    return path


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def flip_a_weight(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("model.weights.h5").header_offset + 3000
    content = bytearray(path.read_bytes())
    content[start] ^= 1
    path.write_bytes(content)


def another_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "a")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, r"model.keras' is not a `.keras` file, or it is cut off\."),
        (lambda path: path.write_bytes(b""), r"model.keras' is not a `.keras` file"),
        (another_archive, r"model.keras' is no `.keras` file, but another archive\."),
        (flip_a_weight, r"model.keras' is damaged: Bad CRC-32"),
    ],
)
def test_a_damaged_file_is_an_error_that_says_so(
    translator: Translator, tmp_path: Path, damage: Callable[[Path], Any], message: str
) -> None:
    path = saved(translator, tmp_path)
    damage(path)
    with pytest.raises(ValueError, match=message):
        Translator.load(path)


def test_a_file_that_is_missing_or_of_another_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"No translator at '.*missing.keras'\."):
        Translator.load(tmp_path / "missing.keras")
    keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)]).save(
        tmp_path / "other.keras"
    )
    with pytest.raises(ValueError, match=r"holds no translator but a Sequential\. Use a file"):
        Translator.load(tmp_path / "other.keras")


def test_a_file_name_ends_in_keras(translator: Translator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`path` must end in '.keras'. Received: '.*model.h5'\."):
        translator.save(tmp_path / "model.h5")


def test_a_translator_is_pickled_and_copied_by_what_its_file_holds(
    translator: kerasseq.Translator, texts: list[str]
) -> None:
    assert copy.copy(translator).network is translator.network
    copied = pickle.loads(pickle.dumps(translator))
    assert copied.network is not translator.network
    assert [each.text for each in copied(texts[:2])] == [e.text for e in translator(texts[:2])]
    codec = copy.deepcopy(translator.source_codec)
    assert codec.vocabulary == translator.source_codec.vocabulary
    assert codec.encode(texts).to_list() == translator.source_codec.encode(texts).to_list()


def test_how_much_of_a_source_is_read_stands_in_the_file(
    make_translator: Callable[..., Translator], tmp_path: Path
) -> None:
    path = saved(make_translator(max_source_length=7), tmp_path)
    (answer,) = Translator.load(path)(["hello world"])
    assert answer.source_tokens == [*"hello ", "</s>"]
    assert answer.truncated


def test_a_file_with_code_is_refused(translator: Translator, tmp_path: Path) -> None:
    source_ids, target_ids = translator.network.inputs
    seen = keras.layers.Lambda(lambda logits: logits)(translator.network.outputs[0])
    network = kerasseq.models.SequenceToSequence(source_ids, target_ids, seen)
    codecs = (translator.source_codec, translator.target_codec)
    model = TranslatorModel(*codecs, network, translator.search, 64)
    write_model(model, tmp_path / "model.keras")
    with pytest.raises(ValueError, match="Lambda"):
        Translator.load(tmp_path / "model.keras")


class Unregistered(kerasseq.search.LengthPenalty):
    def __call__(self, lengths: Any) -> Any:
        return keras.ops.cast(lengths, "float32")


def test_what_could_not_be_read_again_is_refused_and_keeps_the_file(
    translator: Translator, tmp_path: Path
) -> None:
    path = saved(translator, tmp_path)
    before = path.read_bytes()
    searching = translator.with_search({"name": "beam", "length_penalty": Unregistered()})
    assert searching(["hello"])
    with pytest.raises(ValueError, match="must be registered with Keras.*'Unregistered'. Put"):
        searching.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.keras"]


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, mode: str) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    (tmp_path / "model.keras").touch()
    # Whoever runs the tests may be allowed to read everything.
    monkeypatch.setattr("kerasseq.translation.translator_file.open", refuse, raising=False)
    with pytest.raises(PermissionError, match="Permission denied: .*model.keras"):
        Translator.load(tmp_path / "model.keras")
