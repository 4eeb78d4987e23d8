import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasseq import checks, serialization
from kerasseq.files import written_beside
from kerasseq.models import SequenceToSequence
from kerasseq.search import SEARCHES, Search
from kerasseq.text import TextCodec
from kerasseq.translation import pipeline
from kerasseq.translation.translation import Alternative, Translation
from kerasseq.translation.translator_model import TranslatorModel
from kerasseq.typing import Tensor


class Translator:
    """Strings in, strings out: the one object that joins codecs, network and search.

    Encoding, search and decoding run as one graph, traced once. Padding and batching never change
    an answer: texts are sorted by length for speed, and come back in their order.

    Args:
        source_codec: source strings to ids.
        target_codec: ids to target strings; its size is the width of the network's logits.
        network: the trained network. One tiny random batch is run through it as a whole and step by
            step (`SequenceToSequence.check`).
        search: `"greedy"`, `"beam"`, `"sampling"`, a config or a `Search`.
        max_source_length: source tokens that are read, the end included; a longer text is cut, and
            its translation says `truncated`.
        metadata: what to keep with the model in its file: plain strings, numbers, lists.

    Call arguments:
        texts: a sequence of strings.
        batch_size: how many texts run at once.

    Returns:
        A list of `Translation`, one a text.

    Raises:
        ValueError: if codecs and network are of different sizes, or a layer of the network mixes
            positions.
        TypeError: if `texts` is a bare string.
    """

    def __init__(
        self,
        source_codec: TextCodec,
        target_codec: TextCodec,
        network: SequenceToSequence,
        search: str | Mapping[str, Any] | Search = "greedy",
        max_source_length: int = 256,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        checks.check_integer("max_source_length", max_source_length, minimum=2)
        if network.vocabulary_size != target_codec.vocabulary_size:
            raise ValueError(
                "`target_codec` must have as many ids as the network has logits. Received: "
                f"{target_codec.vocabulary_size} ids, {network.vocabulary_size} logits."
            )
        network.check()
        self.source_codec = source_codec
        self.target_codec = target_codec
        self.network = network
        self.search: Search = serialization.get(SEARCHES, search, "search")
        self.max_source_length = max_source_length
        self.metadata = dict(metadata or {})
        self._translate = tf.function(
            self.translate_batch,
            input_signature=[tf.TensorSpec([None], tf.string, name="text")],
            autograph=False,
        )

    def with_search(self, search: str | Mapping[str, Any] | Search) -> "Translator":
        """Returns a translator of the same network and codecs that searches otherwise."""
        return Translator(
            self.source_codec,
            self.target_codec,
            self.network,
            search,
            self.max_source_length,
            self.metadata,
        )

    def translate_batch(self, texts: Tensor) -> dict[str, Tensor]:
        """Translates a tensor of strings, in the graph or eagerly.

        Args:
            texts: `(batch,)` strings.

        Returns:
            A dictionary of tensors: `text`, `score`, `finished` and `truncated` `(batch,)`;
            `alternatives` and `alternative_scores` `(batch, n_best)`; `source_ids` `(batch,
            source_length)`, `target_ids` `(batch, target_length)` with `source_lengths` and
            `target_lengths` `(batch,)`, and `attention_weights` `(batch, target_length,
            source_length)` of the best.
        """
        source = pipeline.encode_source(texts, self.source_codec, self.max_source_length)
        result = pipeline.search_source(source, self.network, self.search)
        alternatives = pipeline.decode_hypotheses(result.token_ids, self.target_codec)
        return {
            "text": alternatives[:, 0],
            "score": result.scores[:, 0],
            "finished": result.finished[:, 0],
            "truncated": source.truncated,
            "alternatives": alternatives,
            "alternative_scores": result.scores,
            "source_ids": source.token_ids,
            "source_lengths": source.lengths,
            "target_ids": result.token_ids[:, 0],
            "target_lengths": result.lengths[:, 0],
            "attention_weights": result.attention_weights[:, 0],
        }

    def __call__(self, texts: Sequence[str], batch_size: int = 64) -> list[Translation]:
        checks.check_positive_integer("batch_size", batch_size)
        if isinstance(texts, (str, bytes)):
            raise TypeError(
                "`texts` must be a sequence of strings. Received: a bare string. "
                "Pass a list: `translator([text])`."
            )
        texts = [_as_text(text) for text in texts]
        # Texts of about one length share a batch, so that little is spent on padding.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        answers: dict[int, Translation] = {}
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = [texts[index] for index in rows]
            outputs = self._translate(tf.constant([_as_bytes(text) for text in batch]))
            answers.update(zip(rows, self._read(batch, outputs), strict=True))
        return [answers[index] for index in range(len(texts))]

    def _read(self, texts: list[str], outputs: dict[str, Tensor]) -> Iterator[Translation]:
        """The translations of a batch, out of its tensors."""
        values = {name: tensor.numpy() for name, tensor in outputs.items()}
        source_tokens = _strings(self.source_codec.tokens(outputs["source_ids"]))
        target_tokens = _strings(self.target_codec.tokens(outputs["target_ids"]))
        for row, text in enumerate(texts):
            source_length = int(values["source_lengths"][row])
            target_length = int(values["target_lengths"][row])
            alternatives = [
                Alternative(output.decode("utf-8", "replace"), float(score))
                for output, score in zip(
                    values["alternatives"][row], values["alternative_scores"][row], strict=True
                )
            ]
            yield Translation(
                source=text,
                text=alternatives[0].text,
                score=alternatives[0].score,
                finished=bool(values["finished"][row]),
                truncated=bool(values["truncated"][row]),
                alternatives=alternatives,
                source_tokens=source_tokens[row][:source_length],
                target_tokens=target_tokens[row][:target_length],
                attention_weights=np.array(
                    values["attention_weights"][row, :target_length, :source_length]
                ),
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the translator as one `.keras` file: weights, vocabularies, search.

        The file is written beside and renamed: a reader never sees half of it.

        Args:
            path: where to; must end in `.keras`.

        Raises:
            ValueError: if `path` has another ending.
        """
        path = os.fspath(path)
        if not path.endswith(".keras"):
            raise ValueError(f"`path` must end in '.keras'. Received: {path!r}.")
        # A fresh copy of the network: a compiled one would bring its optimiser's variables along.
        network = SequenceToSequence.from_config(self.network.get_config())
        network.set_weights(self.network.get_weights())
        model = TranslatorModel(
            self.source_codec,
            self.target_codec,
            network,
            self.search,
            self.max_source_length,
            self.metadata,
        )
        with written_beside(path) as temporary:
            model.save(temporary)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Translator":
        """Reads a translator that `save` wrote. No code in the file is run (`safe_mode`).

        Args:
            path: the `.keras` file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged, or holds another model.
        """
        path = os.fspath(path)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"No translator at {path!r}.")
        if not zipfile.is_zipfile(path):
            raise ValueError(f"{path!r} is not a `.keras` file, or it is cut off.")
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise ValueError(f"{path!r} is damaged: {error}") from error
        if not isinstance(model, TranslatorModel):
            raise ValueError(
                f"{path!r} holds no translator but a {type(model).__name__}. "
                "Use a file that `Translator.save` wrote."
            )
        return cls(
            model.source_codec,
            model.target_codec,
            model.network,
            model.search,
            model.max_source_length,
            model.metadata,
        )

    def export(self, path: str | os.PathLike[str], version: int | None = None) -> str:
        """Writes a SavedModel for TF Serving: string in, string out.

        See `kerasseq.serving.export`.

        Args:
            path: the model's folder; the SavedModel goes into `path/version`.
            version: the next free one if not given.

        Returns:
            The folder that was written.
        """
        from kerasseq import serving

        return serving.export(self, path, version=version)


def _as_text(text: Any) -> str:
    """The text as `str`; invalid UTF-8 becomes U+FFFD, as in the graph."""
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    if not isinstance(text, str):
        raise TypeError(
            f"`texts` must be a sequence of strings. Received an element: {text!r} of "
            f"{type(text).__name__}."
        )
    return text


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _strings(tokens: tf.RaggedTensor) -> list[list[str]]:
    return [[token.decode("utf-8", "replace") for token in row] for row in tokens.to_list()]
