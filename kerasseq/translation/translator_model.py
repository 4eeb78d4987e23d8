from collections.abc import Mapping
from typing import Any

import keras

from kerasseq.models import SequenceToSequence
from kerasseq.search import Search
from kerasseq.serialization import register
from kerasseq.text import TextCodec
from kerasseq.translation.ensemble import Ensemble


@register
class TranslatorModel(keras.Model):
    """What stands in a translator's file: codecs, network and search in one Keras model.

    It has no call: a Keras model refuses lists of strings. `Translator` runs what it holds.

    Args:
        source_codec: source strings to ids.
        target_codec: ids to target strings.
        network: the trained network, or several of them.
        search: how outputs are found.
        max_source_length: source tokens that are read, the end included.
        replace_unknown: whether unknown tokens give way to source words.
        metadata: what a user wants to keep with the model: plain strings, numbers, lists.
    """

    def __init__(
        self,
        source_codec: TextCodec,
        target_codec: TextCodec,
        network: SequenceToSequence | Ensemble,
        search: Search,
        max_source_length: int,
        replace_unknown: bool = False,
        metadata: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_codec = source_codec
        self.target_codec = target_codec
        self.network = network
        self.search = search
        self.max_source_length = max_source_length
        self.replace_unknown = replace_unknown
        self.metadata = dict(metadata or {})
        self.built = True

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "source_codec": serialize(self.source_codec),
            "target_codec": serialize(self.target_codec),
            "network": serialize(self.network),
            "search": serialize(self.search),
            "max_source_length": self.max_source_length,
            "replace_unknown": self.replace_unknown,
            "metadata": dict(self.metadata),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "TranslatorModel":
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("source_codec", "target_codec", "network", "search")
        }
        return cls(**{**config, **parts})
