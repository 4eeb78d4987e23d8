"""Binds the parts of a network to a source: the step function that search runs."""

import contextlib
import math
from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from kerasseq import layers
from kerasseq.models.graph import layers_within, mask_of
from kerasseq.models.output_product import OutputProduct
from kerasseq.models.parts import Parts
from kerasseq.typing import SharedStates, State, StepFunction, Tensor

# A weight below this size costs nothing to cast at every step.
LARGE_WEIGHT = 2**14

# Below, finding the rows of equal states takes longer than multiplying them twice: with a decoder
# of 192 units a beam search took up to a quarter more, with one of 512 it takes 6 to 25 % less.
SHARED_WEIGHT = 2**19


def bind_step(
    parts: Parts, source_ids: Tensor, max_length: Tensor | int
) -> tuple[StepFunction, State, Tensor]:
    """Encodes `source_ids` and returns `(step, state, source_mask)`.

    Nothing is dropped, in whatever call this runs.

    Args:
        parts: the parts of the network.
        source_ids: `(batch, source_length)` integers.
        max_length: the most steps that will follow.
    """
    decoder = parts.decoder
    values = _by_tensor(parts.source_tensors, parts.source([source_ids], training=False))
    memory = values[id(parts.memory)]
    memory_mask = None if parts.memory_mask is None else values[id(parts.memory_mask)]
    initial_state = [values[id(tensor)] for tensor in parts.initial_state] or None
    prepared = decoder.prepare(memory, memory_mask)
    state = decoder.start(initial_state, prepared, max_length)
    if memory_mask is None:
        memory_mask = ops.ones(ops.shape(memory)[:2], "bool")
    return BoundStep(parts, values, prepared), state, memory_mask


def encode(parts: Parts, source_ids: Tensor) -> tuple[Tensor, State]:
    """Returns `(memory, initial_state)`, what the decoder reads of a source.

    Args:
        parts: the parts of the network.
        source_ids: `(batch, source_length)` integers.
    """
    values = _by_tensor(parts.source_tensors, parts.source([source_ids], training=False))
    return values[id(parts.memory)], [values[id(tensor)] for tensor in parts.initial_state]


class BoundStep:
    """The step of a network: embeds a token, runs the decoder, gives log probabilities.

    Args:
        parts: the parts of the network.
        values: what the source part gave, by symbolic tensor.
        decoder_prepared: what the decoder's `prepare` gave.
        weights: the weights, if they have been read.
        shared: which of the rows share states, if any do.
    """

    def __init__(
        self,
        parts: Parts,
        values: dict[int, Tensor],
        decoder_prepared: list[Tensor],
        weights: "_Weights | None" = None,
        shared: SharedStates | None = None,
    ) -> None:
        masks = {id(each): mask for each in parts.extras if (mask := mask_of(each)) is not None}
        read = {id(tensor) for tensor in [*parts.extras, *masks.values()]}
        self._parts = parts
        self._masks = masks
        self._extras = {key: value for key, value in values.items() if key in read}
        self._decoder_prepared = decoder_prepared
        self._weights = weights or _Weights(parts)
        self._shared = shared

    @property
    def prepared(self) -> list[Tensor]:
        """What the step reads of the sources: `(batch, ...)` tensors."""
        return [*self._decoder_prepared, *self._extras.values()]

    def bind(self, prepared: list[Tensor]) -> "BoundStep":
        """Returns the step of other sources, given what it reads of them."""
        count = len(self._decoder_prepared)
        extras = dict(zip(self._extras, prepared[count:], strict=True))
        return BoundStep(self._parts, extras, prepared[:count], self._weights)

    @property
    def shares_states(self) -> bool:
        """Whether to multiply equal states once; that pays where the weights are large."""
        decoder = self._parts.decoder
        largest = max((math.prod(each.shape) for each in decoder.weights), default=0)
        return bool(decoder.shares_states) and largest >= SHARED_WEIGHT

    def sharing(self, shared: SharedStates) -> "BoundStep":
        """Returns the step of rows that share states."""
        return BoundStep(self._parts, self._extras, self._decoder_prepared, self._weights, shared)

    def __call__(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        logits, state, weights = self.logits(token_ids, state)
        return _log_softmax(logits), state, weights

    def logits(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """The step, its log probabilities not normalised; see `LogitsStep`."""
        with self._weights.scope():
            return self._run(token_ids, state)

    def _run(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        parts, prepared = self._parts, self._decoder_prepared
        beams = _beams(ops.shape(token_ids)[0], ops.shape(prepared[0])[0])
        known = {key: ops.repeat(value, beams, axis=0) for key, value in self._extras.items()}
        target_ids = parts.target_tensors[0]
        known[id(target_ids)] = ops.cast(ops.expand_dims(token_ids, 1), target_ids.dtype)
        embedded = self._apply(parts.target, parts.target_tensors, known)
        options = dict(self._weights.of_decoder)
        if self._shared is not None:
            options["shared"] = self._shared
        outputs, state, weights = parts.decoder.step(embedded[0], state, prepared, **options)
        logits = outputs
        if self._weights.output is not None:
            # Without an axis of positions, TensorFlow adds the bias in the product itself.
            logits = self._weights.output(outputs)
        elif parts.head is not None:
            position = [*embedded, outputs, weights]
            symbolic = [*parts.target_outputs, parts.outputs, parts.attention_weights]
            known |= _by_tensor(symbolic, [ops.expand_dims(value, 1) for value in position])
            (logits,) = self._apply(parts.head, parts.head_tensors, known)
        return ops.cast(logits, "float32"), state, weights

    def _apply(self, part: Any, inputs: list[Tensor], known: dict[int, Tensor]) -> list[Tensor]:
        """Runs a part on one position; what it gives has no mask, since one step is real."""
        masks = [self._masks.get(id(each)) for each in inputs]
        found = part(
            [known[id(tensor)] for tensor in inputs],
            mask=[None if mask is None else known[id(mask)] for mask in masks],
            training=False,
        )
        return [_only_position(value) for value in _as_list(found)]


def _log_softmax(logits: Tensor) -> Tensor:
    """`ops.log_softmax` in two thirds of the time: on the CPU, softmax has the faster kernel.

    The largest logit and the largest probability, which is at least one over the vocabulary's
    size, tell what the logits must lose: the logarithm of the sum, to the last few bits.
    """
    # Keras' maximum refuses an empty batch, unless it is told what that is.
    probability = ops.max(ops.softmax(logits), axis=-1, keepdims=True, initial=0.0)
    largest = ops.max(logits, axis=-1, keepdims=True, initial=float("-inf"))
    return logits - (largest - ops.log(probability))


def _beams(rows: Tensor | int, batch: Tensor | int) -> Tensor | int:
    """How many rows a source has; a Python number where the shapes are, which JAX insists on."""
    return rows // (max(batch, 1) if isinstance(batch, int) else ops.maximum(batch, 1))


def _only_position(value: Tensor) -> Tensor:
    """`(rows, 1, ...)` to `(rows, ...)`: without a copy, where the shape is known."""
    return ops.squeeze(value, 1) if value.shape[1] == 1 else value[:, 0]


class _Weights:
    """The weights of a step, read, cast and laid out once and not at every step.

    Under `mixed_bfloat16` a step would otherwise read every large float32 matrix in full to cast
    it, which costs more than the product itself.

    Args:
        parts: the parts whose weights a step reads.
    """

    def __init__(self, parts: Parts) -> None:
        models = [parts.target, parts.decoder] + ([] if parts.head is None else [parts.head])
        # Parents come before their children, and a layer's own dtype is the one that counts.
        dtypes = {
            id(variable): (variable, _dtype_of_product(layer, variable))
            for model in models
            for layer in layers_within(model)
            for variable in layer.variables
        }
        self._values: list[tuple[Any, Tensor]] = []
        if any(_is_worth_casting(*each) for each in dtypes.values()):
            # All of them: one that is missing here would be read past an outer scope.
            self._values = [_read(*each) for each in dtypes.values()]
        with self.scope():
            bound = parts.decoder.bind_step()
            layer = parts.output_layer
            self.output = None if layer is None else OutputProduct(layer)
        # A decoder of one's own may have nothing to bind, and then no such argument.
        self.of_decoder = {} if bound is None else {"bound": bound}

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Returns a context in which the weights have these values."""
        if not self._values:
            return contextlib.nullcontext()
        scope = keras.StatelessScope()
        for update in self._values:
            scope.add_update(update)
        return scope


def _dtype_of_product(layer: keras.layers.Layer, variable: Any) -> str:
    """In which dtype a layer reads a weight; of a table that is no output layer it takes rows."""
    takes_rows = isinstance(layer, keras.layers.Embedding) or (
        isinstance(layer, layers.TokenEmbedding) and not layer.tied
    )
    return variable.dtype if takes_rows else layer.compute_dtype


def _is_worth_casting(variable: Any, dtype: str) -> bool:
    """Whether a weight is cast to `dtype`, and large."""
    is_float = keras.backend.is_float_dtype(variable.dtype)
    return is_float and variable.dtype != dtype and math.prod(variable.shape) >= LARGE_WEIGHT


def _read(variable: Any, dtype: str) -> tuple[Any, Tensor]:
    is_cast = _is_worth_casting(variable, dtype)
    return variable, ops.cast(variable.value, dtype) if is_cast else variable.value


def _as_list(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _by_tensor(symbolic: Iterable[Tensor], outputs: Any) -> dict[int, Tensor]:
    return {id(tensor): value for tensor, value in zip(symbolic, _as_list(outputs), strict=True)}
