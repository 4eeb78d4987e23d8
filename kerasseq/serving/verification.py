"""Is an exported model whole, and does it answer as it did? Asked with TensorFlow alone.

This file imports nothing of kerasseq and no Keras, so that it runs on a machine that only serves:
`scripts/verify_export.py` reads it by its path, which is why all of it stands in one file.
TensorFlow is imported late, and tensorflow-text only if the model has an op of it.
"""

import collections
import hashlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

CARD = "model_card.json"
WARM_UP = "assets.extra/tf_serving_warmup_requests"
PIECE = 2**20  # bytes read at a time

OLDEST = "2.12"
"""The oldest TF Serving whose ops were looked at; it links all core ops but the newer ones."""
NEWER_CORE_OPERATIONS = {
    **dict.fromkeys(
        (
            *("CheckPinned", "CollectiveAllToAllV2", "Conv", "DebugIdentityV3", "DecodeWebP"),
            *("FFTND", "IFFTND", "IRFFTND", "RFFTND", "RaggedFillEmptyRows"),
            *("RaggedFillEmptyRowsGrad", "RelayoutLike", "SegmentMaxV2", "SegmentMinV2"),
            *("SparseSegmentMeanGradV2", "SparseSegmentSqrtNGradV2", "SparseSegmentSumGradV2"),
        ),
        "2.20",
    ),
    "DecodeJxl": "2.21",
}
"""Core ops that TensorFlow 2.12 lacks; the version is the oldest one known to have them."""
TEXT_OPERATIONS = {
    **dict.fromkeys(
        (
            *("CaseFoldUTF8", "ConstrainedSequence", "FastBertNormalize", "FindSourceOffsets"),
            *("FastWordpieceTokenizeWithOffsets", "NormalizeUTF8", "NormalizeUTF8WithOffsetsMap"),
            *("RegexSplitWithOffsets", "SentenceFragments", "SentenceFragmentsV2"),
            *("SentencepieceDetokenizeOp", "SentencepieceIdToStringOp", "SentencepieceOp"),
            *("SentencepieceStringToIdOp", "SentencepieceTokenizeOp"),
            *("SentencepieceTokenizeWithOffsetsOp", "SentencepieceVocabSizeOp"),
            *("SplitMergeTokenizeWithOffsets", "PhraseTokenize", "TFText>PhraseDetokenize"),
            *("TFText>ByteSplitByOffsets", "TFText>ByteSplitWithOffsets", "TokenizerFromLogits"),
            *("TFText>FastSentencepieceDetokenize", "TFText>FastSentencepieceTokenize"),
            *("TFText>FastWordpieceDetokenize", "TFText>NgramsStringJoin"),
            *("TFText>WhitespaceTokenizeWithOffsetsV2", "UnicodeScriptTokenizeWithOffsets"),
            *("WhitespaceTokenizeWithOffsets", "WordpieceTokenizeWithOffsets"),
        ),
        OLDEST,
    ),
    **dict.fromkeys(("TFText>RoundRobinTrim", "TFText>Utf8Binarize"), "2.20"),
    "TFText>RoundRobinGenerateMasks": "2.20",
    **dict.fromkeys(("MaxSpanningTree", "RougeL"), ""),
    **dict.fromkeys(("TFText>BoiseTagsToOffsets", "TFText>OffsetsToBoiseTags"), ""),
}
"""The ops of tensorflow-text, and the oldest TF Serving that links each; empty for none."""


class Operation(NamedTuple):
    """One kind of op in an exported graph.

    Attributes:
        name: as TensorFlow calls it.
        places: how often it stands in the graph and its functions.
        needs_tensorflow_text: whether a process must load tensorflow-text to run it.
        oldest_serving: the oldest TF Serving known to link it; empty if none does.
    """

    name: str
    places: int
    needs_tensorflow_text: bool
    oldest_serving: str


class Request(NamedTuple):
    """One request, as a warm-up record holds it.

    Attributes:
        signature: the name of the signature.
        inputs: the strings of each input.
    """

    signature: str
    inputs: dict[str, list[str]]


class Verification(NamedTuple):
    """What was found out about a sound export.

    Attributes:
        path: the folder.
        files: how many files have the sum that the card says.
        requests: how many warm-up requests were answered as recorded.
        largest_difference: of a number from the recorded one.
        operations: every op, by name.
        unlisted: files that the card does not know.
    """

    path: str
    files: int
    requests: int
    largest_difference: float
    operations: list[Operation]
    unlisted: list[str]


def verify_export(path: str | os.PathLike[str]) -> Verification:
    """Checks an exported version: sums, loading, and the answers to its warm-up requests.

    Args:
        path: the folder of one version, with `saved_model.pb` in it.

    Raises:
        ValueError: if a file is missing or damaged, or an answer is not the recorded one.
    """
    folder = Path(path)
    card = read_card(folder)
    unlisted = check_files(folder, card["files"])
    operations = read_operations(folder)
    difference = _check_answers(
        folder, card, any(each.needs_tensorflow_text for each in operations)
    )
    return Verification(
        os.fspath(path), len(card["files"]), len(card["warm_up"]), difference, operations, unlisted
    )


def read_card(folder: Path) -> dict[str, Any]:
    """Returns the model card of an exported version."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {os.fspath(folder)!r}.")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        if not isinstance(card, dict) or not {"files", "warm_up", "tolerance"} <= set(card):
            raise ValueError("keys are missing")
    except FileNotFoundError:
        raise ValueError(
            f"{os.fspath(folder)!r} has no {CARD}: it is no version that kerasseq exported."
        ) from None
    except ValueError as error:
        raise ValueError(f"{os.fspath(folder / CARD)!r} is damaged: {error}.") from error
    return card


def file_sums(folder: Path) -> dict[str, dict[str, Any]]:
    """Returns size and SHA-256 of each file but the card, by its path in the folder."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != CARD:
            sums[name] = {"bytes": path.stat().st_size, "sha256": _sum(path)}
    return sums


def _sum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def check_files(folder: Path, expected: dict[str, dict[str, Any]]) -> list[str]:
    """Returns the files that the card does not name; raises if one that it names is another."""
    found = file_sums(folder)
    damages = []
    for name, wanted in expected.items():
        if name not in found:
            damages.append(f"{name} is missing")
        elif found[name]["bytes"] != wanted["bytes"]:
            damages.append(f"{name} has {found[name]['bytes']} of {wanted['bytes']} bytes")
        elif found[name] != wanted:
            damages.append(f"{name} was changed (its SHA-256 is another)")
    if damages:
        raise ValueError(f"{os.fspath(folder)!r} is damaged: {'; '.join(damages)}.")
    return sorted(set(found) - set(expected))


def read_operations(folder: Path) -> list[Operation]:
    """Returns the op report of a SavedModel, by name."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    counts: collections.Counter[str] = collections.Counter()
    for graph in (meta_graph.graph_def for meta_graph in saved_model.meta_graphs):
        functions = {function.signature.name for function in graph.library.function}
        for nodes in [graph.node, *(function.node_def for function in graph.library.function)]:
            counts.update(node.op for node in nodes if node.op not in functions)
    return [_operation(name, counts[name]) for name in sorted(counts)]


def _operation(name: str, count: int) -> Operation:
    import tensorflow as tf

    is_of_text = name in TEXT_OPERATIONS or name.startswith("TFText>")
    oldest = TEXT_OPERATIONS.get(name, "")
    if not is_of_text:
        is_core = hasattr(tf.raw_ops, name)
        oldest = NEWER_CORE_OPERATIONS.get(name, OLDEST) if is_core else ""
    return Operation(name, count, is_of_text, oldest)


def read_warm_up(folder: Path) -> list[Request]:
    """Returns the requests that a server runs when it loads the version."""
    import tensorflow as tf

    records = tf.data.TFRecordDataset(os.fspath(folder / WARM_UP))
    return [_request(record) for record in records.as_numpy_iterator()]


def _request(record: bytes) -> Request:
    """Reads a `PredictionLog`, whose protos come with TF Serving, not with TensorFlow."""
    import tensorflow as tf
    from tensorflow.core.framework import tensor_pb2

    (predict_log,) = _fields(record, 6)
    (request,) = _fields(predict_log, 1)
    (model_spec,) = _fields(request, 1)
    (signature,) = _fields(model_spec, 3)
    inputs = {}
    for entry in _fields(request, 2):
        (name,), (tensor,) = _fields(entry, 1), _fields(entry, 2)
        values = tf.make_ndarray(tensor_pb2.TensorProto.FromString(tensor))
        inputs[name.decode()] = [value.decode() for value in values.tolist()]
    return Request(signature.decode(), inputs)


def _fields(message: bytes, number: int) -> list[bytes]:
    """The values of a length-delimited field in an encoded message that has no other fields."""
    found, position = [], 0
    while position < len(message):
        key, position = _varint(message, position)
        length, position = _varint(message, position)
        if key >> 3 == number:
            found.append(message[position : position + length])
        position += length
    return found


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _check_answers(folder: Path, card: dict[str, Any], needs_text: bool) -> float:
    """Runs the warm-up; returns the largest difference of a number from the recorded one."""
    import tensorflow as tf

    if needs_text:
        import tensorflow_text  # noqa: F401 (registers its ops)
    try:
        signatures = tf.saved_model.load(os.fspath(folder)).signatures
        requests = read_warm_up(folder)
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ValueError(f"{os.fspath(folder)!r} does not load: {error}") from error
    if len(requests) != len(card["warm_up"]):
        raise ValueError(f"{WARM_UP} holds {len(requests)} requests, not {len(card['warm_up'])}.")
    largest = 0.0
    for request, recorded in zip(requests, card["warm_up"], strict=True):
        if request != Request(recorded["signature"], recorded["inputs"]):
            raise ValueError(f"{WARM_UP} and {CARD} differ in {request}.")
        received = _answer(signatures, request)
        largest = max(largest, _compare(request, recorded["outputs"], received, card["tolerance"]))
    return largest


def _answer(signatures: Any, request: Request) -> dict[str, Any]:
    """What a loaded model answers to a request, as plain lists."""
    import tensorflow as tf

    inputs = {name: tf.constant(texts) for name, texts in request.inputs.items()}
    try:
        outputs = signatures[request.signature](**inputs)
    except (KeyError, tf.errors.OpError) as error:
        raise ValueError(f"`{request.signature}` does not answer: {error}") from error
    return {name: as_plain(tensor.numpy()) for name, tensor in outputs.items()}


def _compare(
    request: Request, expected: dict[str, Any], received: dict[str, Any], tolerance: float
) -> float:
    """Returns the largest difference of a number, which must be within the tolerance."""
    largest = 0.0
    for name in sorted({*received, *expected}):
        difference = _difference(expected.get(name), received.get(name))
        if not difference <= tolerance:
            raise ValueError(
                f"`{request.signature}` answers another `{name}` to {request.inputs}: "
                f"{received.get(name)!r}, recorded {expected.get(name)!r}."
            )
        largest = max(largest, difference)
    return largest


def as_plain(values: Any) -> Any:
    """Returns an array as nested lists of strings, numbers and booleans, as JSON writes them."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, list):
        return [as_plain(each) for each in values]
    if isinstance(values, float):  # the digits that a float32 has
        return float(f"{values:.7g}")
    return values.decode() if isinstance(values, bytes) else values


def _difference(expected: Any, received: Any) -> float:
    """The largest difference between two nested lists; infinite where no number explains it."""
    if isinstance(expected, list) and isinstance(received, list):
        if len(expected) != len(received):
            return math.inf
        pairs = zip(expected, received, strict=True)
        return max((_difference(*pair) for pair in pairs), default=0.0)
    if isinstance(expected, float) and isinstance(received, float):
        return abs(expected - received) / max(1.0, abs(expected))
    return 0.0 if expected == received else math.inf


def describe(found: Verification) -> Iterator[str]:
    """Yields the lines of a report for people."""
    yield f"{found.path}: {found.files} files as the card says."
    yield (
        f"{found.requests} warm-up requests answered as recorded "
        f"(largest relative difference {found.largest_difference:.1e})."
    )
    yield from (f"Not in the card: {name}" for name in found.unlisted)
    width = max(len(each.name) for each in found.operations)
    yield f"{'op':<{width}}  places  needs            TF Serving"
    for name, places, needs_text, oldest in found.operations:
        needs = "tensorflow-text" if needs_text else "-"
        yield f"{name:<{width}}  {places:>6}  {needs:<15}  {oldest or 'none links it'}"
    versions = [each.oldest_serving for each in found.operations]
    if all(versions):
        newest = max(versions, key=lambda version: [int(part) for part in version.split(".")])
        yield f"Every op is linked by TF Serving {newest} and newer."
