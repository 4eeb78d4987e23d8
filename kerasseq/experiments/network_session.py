"""What a network leaves behind in the process, and how to be rid of it."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import keras

# Under such names TensorFlow registers the gradient of each `tf.custom_gradient` in a graph, for
# good; and the gradient holds the graph, some 40 MB for a small network.
CUSTOM = "CustomGradient-"


@contextlib.contextmanager
def network_session() -> Iterator[None]:
    """Frees, at its end, what Keras and TensorFlow keep of the networks made within.

    Keras' settings stay. Networks that were made before go on working.
    """
    known = set(_registered_gradients())
    try:
        yield
    finally:
        release_memory(known)


def release_memory(known: set[str]) -> None:
    """Forgets all networks.

    Args:
        known: gradients that others may still need.
    """
    gradients = _registered_gradients()
    for name in [name for name in gradients if name.startswith(CUSTOM) and name not in known]:
        del gradients[name]
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    keras.backend.clear_session()
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
    gc.collect()


def _registered_gradients() -> dict[str, Any]:
    """TensorFlow's own dictionary, which no public name leads to; an empty one without it."""
    try:
        from tensorflow.python.framework.ops import gradient_registry
    except ImportError:
        return {}
    return getattr(gradient_registry, "_registry", {})
