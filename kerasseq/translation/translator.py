import copy
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from kerasseq import checks, serialization
from kerasseq.models import SequenceToSequence
from kerasseq.search import SEARCHES, Search
from kerasseq.text import TextCodec
from kerasseq.translation import pipeline
from kerasseq.translation.answers import perplexity_of, read_scores, read_translations
from kerasseq.translation.batches import check_equal_lengths, check_pairs, check_texts, in_batches
from kerasseq.translation.ensemble import Ensemble, copied
from kerasseq.translation.size_checks import check_sizes
from kerasseq.translation.translation import TargetScore, Translation
from kerasseq.translation.translator_file import from_bytes, read_model, to_bytes, write_model
from kerasseq.translation.translator_model import TranslatorModel
from kerasseq.typing import Tensor


class Translator:
    """Strings in, strings out: the one object that joins codecs, network and search.

    Encoding, search and decoding run as one graph, traced once: it sees new values of the weights,
    but no other weights. After LoRA or quantisation of a layer make a new translator. Padding and
    batching never change an answer: texts are sorted by length for speed, batches run side by side
    where TensorFlow runs operations so, and answers come back in the order of the texts.

    Args:
        source_codec: source strings to ids.
        target_codec: ids to target strings; its size is the width of the network's logits.
        network: the trained network, or an `Ensemble` of several. One tiny random batch is run
            through it as a whole and step by step (`SequenceToSequence.check`).
        search: `"greedy"`, `"beam"`, `"sampling"`, a config or a `Search`.
        max_source_length: source tokens that are read, the end included; a longer text is cut, and
            its translation says `truncated`.
        replace_unknown: whether each unknown token of an output gives way to the source word that
            it attends to most.
        metadata: what to keep with the model in its file: plain strings, numbers, lists.

    Call arguments:
        texts: a sequence of strings.
        batch_size: how many texts are a batch.

    Returns:
        A list of `Translation`, one a text.

    Raises:
        ValueError: if the network has not a logit for each target id or an embedding for each id,
            or a layer of it mixes positions.
        TypeError: if `network` is another model, or `texts` a bare string.
    """

    def __init__(
        self,
        source_codec: TextCodec,
        target_codec: TextCodec,
        network: SequenceToSequence | Ensemble,
        search: str | Mapping[str, Any] | Search = "greedy",
        max_source_length: int = 256,
        replace_unknown: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        checks.check_boolean("replace_unknown", replace_unknown)
        checks.check_integer("max_source_length", max_source_length, minimum=2)
        if not isinstance(network, SequenceToSequence | Ensemble):
            raise TypeError(
                "`network` must be a `SequenceToSequence` or an `Ensemble`. Received: "
                f"{type(network).__name__}. Make one of a functional model by "
                "`SequenceToSequence(*model.inputs, model.outputs[0])`."
            )
        check_sizes(source_codec, target_codec, network)
        network.check()
        self.source_codec = source_codec
        self.target_codec = target_codec
        self.network = network
        self.search: Search = serialization.get(SEARCHES, search, "search")
        self.max_source_length = max_source_length
        self.replace_unknown = replace_unknown
        self.metadata = dict(metadata or {})
        self._make_graphs()

    def _make_graphs(self) -> None:
        text = tf.TensorSpec([None], tf.string)
        self._translate = tf.function(self.translate_batch, [text], autograph=False)
        self._complete = tf.function(self.complete_batch, [text, text], autograph=False)
        self._score = tf.function(self.score_batch, [text, text], autograph=False)

    def with_search(
        self, search: str | Mapping[str, Any] | Search, replace_unknown: bool | None = None
    ) -> "Translator":
        """Returns a translator of the same network and codecs that searches otherwise.

        Args:
            search: as the constructor takes it.
            replace_unknown: as the constructor takes it; `None` leaves it as it is.
        """
        # Not by the constructor: the network has been checked.
        other = copy.copy(self)
        other.search = serialization.get(SEARCHES, search, "search")
        if replace_unknown is not None:
            checks.check_boolean("replace_unknown", replace_unknown)
            other.replace_unknown = replace_unknown
        other.metadata = dict(self.metadata)
        other._make_graphs()
        return other

    def translate_batch(self, texts: Tensor) -> dict[str, Tensor]:
        """Translates `(batch,)` strings, in the graph or eagerly; see `pipeline.translate`."""
        return pipeline.translate(self, texts)

    def complete_batch(self, texts: Tensor, prefixes: Tensor) -> dict[str, Tensor]:
        """As `complete` on two tensors of `(batch,)` strings; see `pipeline.complete`."""
        return pipeline.complete(self, texts, prefixes)

    def score_batch(self, texts: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """As `score` on two tensors of `(batch,)` strings; see `pipeline.score`."""
        return pipeline.score(self, texts, targets)

    def __call__(self, texts: Sequence[str], batch_size: int = 64) -> list[Translation]:
        columns = [check_texts("texts", texts)]
        return in_batches(columns, batch_size, self._translate, read_translations)

    def complete(
        self, texts: Sequence[str], prefixes: Sequence[str], batch_size: int = 64
    ) -> list[Translation]:
        """Translates texts with outputs that begin as they are told to.

        Args:
            texts: the source texts.
            prefixes: how each output must begin; an empty string leaves it open. The target codec
                cuts a prefix like any text: with words, its last word is a whole one.
            batch_size: how many texts are a batch.

        Returns:
            A list of `Translation`, one a text. A prefix counts towards the limit of the output;
            `truncated` also says that it was longer.

        Raises:
            ValueError: if there is not one prefix a text.
            TypeError: if one of the two is a bare string.
        """
        columns = [check_texts("texts", texts), check_texts("prefixes", prefixes)]
        check_equal_lengths("prefixes", columns[1], "texts", columns[0])
        return in_batches(
            columns,
            batch_size,
            self._complete,
            lambda batch, begin, found: read_translations(batch, found),
        )

    def score(self, pairs: Iterable[tuple[str, str]], batch_size: int = 64) -> list[TargetScore]:
        """Computes how likely given targets are: to rank them, to filter pairs, for perplexity.

        Args:
            pairs: `(source, target)` texts.
            batch_size: how many pairs are a batch.

        Returns:
            A list of `TargetScore`, one a pair.

        Raises:
            TypeError: if an element is no pair of strings.
        """
        return in_batches(check_pairs("pairs", pairs), batch_size, self._score, read_scores)

    def perplexity(self, pairs: Iterable[tuple[str, str]], batch_size: int = 64) -> float:
        """Returns how many tokens the network hesitates between, on average over a corpus.

        Args:
            pairs: `(source, target)` texts.
            batch_size: how many pairs are a batch.

        Raises:
            ValueError: if there is no pair.
        """
        return perplexity_of(self.score(pairs, batch_size))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the translator as one `.keras` file: weights, vocabularies, search.

        The file is written beside and renamed: a reader never sees half of it.

        Args:
            path: where to; must end in `.keras`.

        Raises:
            ValueError: if `path` has another ending, or a part is not registered with Keras.
        """
        model = TranslatorModel(
            self.source_codec,
            self.target_codec,
            # A fresh copy: a compiled network would bring its optimiser's variables along.
            copied(self.network),
            self.search,
            self.max_source_length,
            self.replace_unknown,
            self.metadata,
        )
        write_model(model, path)

    def __copy__(self) -> "Translator":
        """Another translator of the same network and codecs."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __reduce__(self) -> Any:
        """For `pickle`, `copy.deepcopy` and other processes: what its file holds."""
        return from_bytes, (type(self).load, to_bytes(self.save))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Translator":
        """Reads a translator that `save` wrote. No code in the file is run (`safe_mode`).

        Args:
            path: the `.keras` file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged, or holds another model.
        """
        model = read_model(path)
        return cls(
            model.source_codec,
            model.target_codec,
            model.network,
            model.search,
            model.max_source_length,
            model.replace_unknown,
            model.metadata,
        )

    def export(
        self,
        path: str | os.PathLike[str],
        version: int | None = None,
        examples: Sequence[str] | None = None,
    ) -> str:
        """Writes a SavedModel for TF Serving: string in, string out.

        See `kerasseq.serving.export`.

        Args:
            path: the model's folder; the SavedModel goes into `path/version`.
            version: the next free one if not given.
            examples: real inputs, short and long ones, that a server is warmed up with.

        Returns:
            The folder that was written.
        """
        from kerasseq import serving

        return serving.export(self, path, version, examples)
