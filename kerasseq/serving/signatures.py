"""What a SavedModel can be asked: four signatures, all of string vectors, no scalar anywhere.

- `serving_default(text)` -> `text`, `score`, `finished`, `truncated`, `alternatives`,
  `alternative_scores`.
- `complete(text, prefix)` -> the same; the texts begin with the prefix.
- `attend(text)` -> `text`, `score`, `finished`, `truncated`, `source_tokens`, `source_lengths`,
  `target_tokens`, `target_lengths`, `attention_weights`.
- `score(text, target)` -> `score`, `lengths`, `truncated`.

Every output leads with the batch. All but the tokens and weights of `attend` have a width that
does not depend on who else is in the batch; there the lengths say what is real. Where a search
found fewer alternatives than it was asked for, the rest are empty, with the score -1e30.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

from kerasseq.models.graph import layers_within
from kerasseq.translation import Translator, pipeline
from kerasseq.typing import Tensor

Outputs = dict[str, Tensor]

SIGNATURES: dict[str, tuple[str, ...]] = {
    "serving_default": ("text",),
    "attend": ("text",),
    "score": ("text", "target"),
    "complete": ("text", "prefix"),
}
"""The inputs of each signature, each a string vector."""

TRANSLATION = ("text", "score", "finished", "truncated", "alternatives", "alternative_scores")
ATTENTION = (
    *("text", "score", "finished", "truncated"),
    *("source_tokens", "source_lengths", "target_tokens", "target_lengths", "attention_weights"),
)
SCORE = ("score", "lengths", "truncated")


class SavedTranslator(tf.Module):
    """What a SavedModel holds: weights and codecs as attributes, so that each is stored once.

    Not the network itself: Keras' own tracking would store every variable a second time.

    Args:
        translator: whose parts it holds.
    """

    def __init__(self, translator: Translator) -> None:
        super().__init__(name="translator")
        self.source_codec = translator.source_codec
        self.target_codec = translator.target_codec
        self.network_weights = [weight.value for weight in translator.network.weights]
        # Lookup tables of layers around ours, such as `keras.layers.IntegerLookup`.
        self.tables = [
            each
            for layer in layers_within(translator.network)
            for each in vars(layer).values()
            if isinstance(each, tf.saved_model.experimental.TrackableResource)
        ]


def trace_signatures(
    translator: Translator, names: Iterable[str] = tuple(SIGNATURES)
) -> dict[str, Callable[..., Outputs]]:
    """Traces the signatures of a translator, without an op that only some machines have.

    Args:
        translator: what is to be served.
        names: which signatures.

    Returns:
        A concrete function for each of them.
    """

    def translate(text: Tensor) -> Outputs:
        return pipeline.translate(translator, _vector(text))

    # Traced once, for the two signatures that read different outputs of it.
    shared = tf.function(translate, autograph=False)
    functions = {
        "serving_default": lambda text: _chosen(shared(text), TRANSLATION),
        "attend": lambda text: _chosen(shared(text), ATTENTION),
        "score": _score(translator),
        "complete": _complete(translator),
    }
    traced = {}
    with without_cudnn(translator.network):
        for name in names:
            specs = [tf.TensorSpec([None], tf.string, name=each) for each in SIGNATURES[name]]
            function = tf.function(functions[name], specs, autograph=False)
            traced[name] = function.get_concrete_function()
    return traced


@contextlib.contextmanager
def without_cudnn(network: keras.Model) -> Iterator[None]:
    """Keeps Keras' own recurrent layers from tracing a cuDNN op, which a CPU server cannot run."""
    layers: list[Any] = [each for each in layers_within(network) if hasattr(each, "use_cudnn")]
    before = [layer.use_cudnn for layer in layers]
    for layer in layers:
        layer.use_cudnn = False
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.use_cudnn = value


def _complete(translator: Translator) -> Callable[[Tensor, Tensor], Outputs]:
    def complete(text: Tensor, prefix: Tensor) -> Outputs:
        text = _as_many("prefix", prefix, text)
        return _chosen(pipeline.complete(translator, text, prefix), TRANSLATION)

    return complete


def _score(translator: Translator) -> Callable[[Tensor, Tensor], Outputs]:
    def score(text: Tensor, target: Tensor) -> Outputs:
        text = _as_many("target", target, text)
        return _chosen(pipeline.score(translator, text, target), SCORE)

    return score


def _chosen(outputs: Outputs, names: tuple[str, ...]) -> Outputs:
    return {name: outputs[name] for name in names}


def _vector(text: Tensor) -> Tensor:
    """The text itself. A server feeds a scalar too, whatever the signature says: an error here."""
    return tf.ensure_shape(text, [None])


def _as_many(name: str, values: Tensor, text: Tensor) -> Tensor:
    """The text itself, once it is sure that the other input has as many rows."""
    text, values = _vector(text), _vector(values)
    message = f"`{name}` must hold as many strings as `text`."
    with tf.control_dependencies(
        [tf.debugging.assert_equal(tf.shape(values), tf.shape(text), message)]
    ):
        return tf.identity(text)
