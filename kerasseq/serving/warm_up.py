"""Requests that a server runs while it loads a version, so that no user waits for the first."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasseq.serving.signatures import SIGNATURES, Outputs
from kerasseq.serving.verification import WARM_UP, Request, as_plain
from kerasseq.translation import Translator

SHORT_TOKENS, LONG_TOKENS = 5, 60


def choose_examples(translator: Translator, examples: Sequence[str] | None = None) -> list[str]:
    """Returns the shortest, the middle and the longest of some texts.

    Args:
        translator: what will translate them.
        examples: real inputs; without any, those that its metadata has under `"examples"`, a list
            of strings; without these, texts made of the source vocabulary.
    """
    texts = list(examples or _kept(translator)) or _made_up(translator)
    texts = sorted([text for text in texts if text.strip()] or texts, key=len)
    return list(dict.fromkeys([texts[0], texts[len(texts) // 2], texts[-1]]))


def _kept(translator: Translator) -> list[str]:
    """What the metadata has; a key that means something else there is nobody's mistake."""
    kept = translator.metadata.get("examples")
    if isinstance(kept, list) and all(isinstance(text, str) for text in kept):
        return kept
    return []


def _made_up(translator: Translator) -> list[str]:
    codec = translator.source_codec
    written = [i for i, piece in enumerate(codec.vocabulary) if piece.lstrip("\u2581").isalnum()]
    ids = written or list(range(codec.end_id + 1, codec.vocabulary_size))
    rows = [[ids[i % len(ids)] for i in range(count)] for count in (SHORT_TOKENS, LONG_TOKENS)]
    return [text.decode() for text in codec.decode(rows).numpy()]


def record_answers(
    signatures: dict[str, Callable[..., Outputs]], texts: Sequence[str]
) -> list[dict[str, Any]]:
    """Returns requests to every signature, with what it answers.

    Args:
        signatures: a function for each of `SIGNATURES`.
        texts: short and long ones. The first four requests ask every signature about the first.
    """
    first = texts[:1]
    recorded = [_recorded(signatures, "serving_default", first)]
    answers = recorded[0]["outputs"]["text"]
    beginnings = [answer[: (len(answer) + 1) // 2] for answer in answers]
    recorded.append(_recorded(signatures, "attend", first))
    recorded.append(_recorded(signatures, "score", first, answers))
    recorded.append(_recorded(signatures, "complete", first, beginnings))
    if len(texts) > 1:
        recorded.append(_recorded(signatures, "serving_default", texts[-1:]))
        recorded.append(_recorded(signatures, "serving_default", texts))
    return recorded


def _recorded(
    signatures: dict[str, Callable[..., Outputs]], name: str, *columns: Sequence[str]
) -> dict[str, Any]:
    inputs = dict(zip(SIGNATURES[name], map(list, columns), strict=True))
    tensors = {key: tf.constant(texts, tf.string) for key, texts in inputs.items()}
    answers = signatures[name](**tensors)
    outputs = {key: as_plain(tensor.numpy()) for key, tensor in sorted(answers.items())}
    return {"signature": name, "inputs": inputs, "outputs": outputs}


def write_warm_up(folder: Path, model_name: str, requests: Sequence[Request]) -> None:
    """Writes the records where TF Serving looks for them: a TFRecord file of `PredictionLog`.

    Args:
        folder: the SavedModel.
        model_name: what the records call the model.
        requests: what the server shall run.
    """
    path = folder / WARM_UP
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for request in requests:
            writer.write(prediction_log(model_name, request))


def prediction_log(model_name: str, request: Request) -> bytes:
    """Returns a `tensorflow.serving.PredictionLog` of one request, encoded.

    Its classes come with tensorflow-serving-api, which must not be needed to export. All fields
    in use are length-delimited: their encoding is a number, a length and the bytes.
    """
    model_spec = _field(1, model_name.encode()) + _field(3, request.signature.encode())
    predict_request = _field(1, model_spec)
    for name, texts in request.inputs.items():
        tensor = tf.make_tensor_proto([text.encode() for text in texts], tf.string, [len(texts)])
        entry = _field(1, name.encode()) + _field(2, tensor.SerializeToString(deterministic=True))
        predict_request += _field(2, entry)
    return _field(6, _field(1, predict_request))


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
