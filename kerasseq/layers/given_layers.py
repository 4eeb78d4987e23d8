"""Arguments that may be layers themselves: what is kept of them, and what a config says.

Keras writes the weights of a layer below the first attribute, by the alphabet, under which it finds
it, and reads them there. In a file the argument is a config, so the layer that was given must not
be seen under the argument's name: the file could never be read again.
"""

from collections.abc import Mapping
from typing import Any

import keras


def kept(argument: Any) -> Any:
    """Returns what a layer keeps of an argument: `None` if it is a layer, or holds one.

    Args:
        argument: a name, a config, or a layer; a config may have layers within.
    """
    leaves = keras.tree.flatten(dict(argument) if isinstance(argument, Mapping) else argument)
    return None if any(isinstance(each, keras.layers.Layer) for each in leaves) else argument


def config_of(argument: Any, layer: keras.layers.Layer) -> Any:
    """Returns what `get_config` stores for an argument.

    Args:
        argument: what `kept` gave.
        layer: the layer that was given, or made of what was.
    """
    return serialize_alone(layer) if argument is None else argument


def serialize_alone(layer: keras.layers.Layer) -> dict[str, Any]:
    """Returns the config of a layer of which each reader makes one of its own.

    It is built with the shape of its own place. And it is another object: while a model is saved
    or loaded, Keras notes that a config stands there twice, and would make one layer, and one set
    of weights, of all copies.
    """
    config: dict[str, Any] = _without_sharing(keras.saving.serialize_keras_object(layer))
    config.pop("build_config", None)
    return config


def _without_sharing(config: Any) -> Any:
    if isinstance(config, Mapping):
        rest = {key: each for key, each in config.items() if key != "shared_object_id"}
        return {key: _without_sharing(each) for key, each in rest.items()}
    return [_without_sharing(each) for each in config] if isinstance(config, list) else config
