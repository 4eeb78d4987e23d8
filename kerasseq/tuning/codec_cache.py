"""Tokenizers that many trials share: trained once, and kept beside the trials."""

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import keras

from kerasseq.data import Pairs
from kerasseq.experiments import ExperimentConfig, TextConfig
from kerasseq.experiments.run_data import train_codec
from kerasseq.files import write_text
from kerasseq.text import TextCodec


class CodecCache:
    """Trains each codec once: for each tokenizer, vocabulary size, side of the pairs and its texts.

    A search that goes on after its process was killed finds them in the folder.

    Args:
        pairs: the training pairs that all trials share.
        folder: where the codecs lie, a JSON file each; `None` keeps them in memory alone.
    """

    def __init__(self, pairs: Pairs, folder: str | os.PathLike[str] | None = None) -> None:
        self.pairs = pairs
        self.folder = None if folder is None else Path(folder)
        self._codecs: dict[str, TextCodec] = {}
        self._digests: dict[str, str] = {}

    def codecs(self, config: ExperimentConfig) -> tuple[TextCodec, TextCodec]:
        """Returns the codecs of source and target that a configuration asks for.

        Args:
            config: what the texts become ids by.
        """
        if config.share_vocabulary:
            both = self._codec(config.source_text, "both", config.seed)
            return both, both
        return (
            self._codec(config.source_text, "source", config.seed),
            self._codec(config.target_text, "target", config.seed),
        )

    def _codec(self, config: TextConfig, side: str, seed: int) -> TextCodec:
        texts = self._digest(side)
        said = json.dumps([dataclasses.asdict(config), side, seed, texts], sort_keys=True)
        key = f"{side}_{hashlib.sha256(said.encode()).hexdigest()[:16]}"
        if key not in self._codecs:
            self._codecs[key] = self._read(key) or self._train(key, config, side, seed)
        return self._codecs[key]

    def _texts(self, side: str) -> list[str]:
        sources, targets = list(self.pairs.sources), list(self.pairs.targets)
        return {"source": sources, "target": targets, "both": [*sources, *targets]}[side]

    def _digest(self, side: str) -> str:
        """What stands for the texts of a side: the folder may hold codecs of others."""
        if side not in self._digests:
            texts = json.dumps(self._texts(side)).encode()
            self._digests[side] = hashlib.sha256(texts).hexdigest()
        return self._digests[side]

    def _train(self, key: str, config: TextConfig, side: str, seed: int) -> TextCodec:
        codec = train_codec(config, self._texts(side), seed)
        if self.folder is not None:
            text = json.dumps(keras.saving.serialize_keras_object(codec))
            write_text(self.folder / f"{key}.json", text)
        return codec

    def _read(self, key: str) -> TextCodec | None:
        if self.folder is None or not (self.folder / f"{key}.json").is_file():
            return None
        text = (self.folder / f"{key}.json").read_text(encoding="utf-8")
        return keras.saving.deserialize_keras_object(json.loads(text))
