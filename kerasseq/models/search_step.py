"""Binds the parts of a network to a source: the step function that search runs."""

import contextlib
import math
from typing import Any

import keras
from keras import ops

from kerasseq.models.graph import Parts, layers_within, mask_of, without_mask
from kerasseq.typing import State, StepFunction, Tensor

# A weight below this size costs nothing to cast at every step.
LARGE_WEIGHT = 2**14


def bind_step(
    parts: Parts, source_ids: Tensor, max_length: Tensor | int
) -> tuple[StepFunction, State, Tensor]:
    """Encodes `source_ids` and returns `(step, state, source_mask)`.

    Args:
        parts: the parts of the network.
        source_ids: `(batch, source_length)` integers.
        max_length: the most steps that will follow.
    """
    decoder = parts.decoder
    values = _by_tensor(parts.source_tensors, parts.source([source_ids], training=False))
    memory = values[id(parts.memory)]
    memory_mask = mask_of(memory)
    if parts.memory_mask is not None:
        memory_mask = values[id(parts.memory_mask)]
    initial_state = [values[id(tensor)] for tensor in parts.initial_state] or None
    prepared = decoder.prepare(memory, memory_mask)
    state = decoder.start(initial_state, prepared, max_length)
    batch = ops.shape(source_ids)[0]
    run = _bind_run(parts, values, prepared, batch)
    read_once = _WeightsReadOnce(parts)

    def step(token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        with read_once.scope():
            return run(token_ids, state)

    if memory_mask is None:
        memory_mask = ops.ones(ops.shape(memory)[:2], "bool")
    return step, state, memory_mask


def _bind_run(
    parts: Parts, values: dict[int, Tensor], prepared: list[Tensor], batch: Tensor
) -> StepFunction:
    """The step itself: embed a token, run the decoder, turn its outputs into log probabilities."""
    read = {id(tensor) for tensor in [*parts.head_tensors, *parts.target_tensors]}
    extras = {key: value for key, value in values.items() if key in read}
    target_ids = parts.target_tensors[0]

    def run(token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        beams = ops.shape(token_ids)[0] // ops.maximum(batch, 1)
        known = {key: ops.repeat(value, beams, axis=0) for key, value in extras.items()}
        known[id(target_ids)] = ops.cast(ops.expand_dims(token_ids, 1), target_ids.dtype)
        embedded = parts.target([known[id(tensor)] for tensor in parts.target_tensors])
        embedded = [without_mask(tensor) for tensor in _as_list(embedded)]
        known.update(_by_tensor(parts.target_outputs, embedded))
        inputs = known[id(parts.inputs)][:, 0]
        outputs, state, weights = parts.decoder.step(inputs, state, prepared)
        known[parts.outputs_key] = ops.expand_dims(outputs, 1)
        known[parts.weights_key] = ops.expand_dims(weights, 1)
        logits = known[parts.outputs_key]
        if parts.head is not None:
            head = parts.head([known[id(tensor)] for tensor in parts.head_tensors])
            logits = _as_list(head)[0]
        return ops.log_softmax(ops.cast(logits[:, 0], "float32")), state, weights

    return run


class _WeightsReadOnce:
    """Large weights in the dtype their layer computes in, cast once and not at every step.

    Under `mixed_bfloat16` a step would otherwise read every float32 matrix in full to cast it,
    which costs more than the product itself.
    """

    def __init__(self, parts: Parts) -> None:
        self._values: dict[int, tuple[Any, Tensor]] = {}
        models = [parts.target, parts.decoder] + ([] if parts.head is None else [parts.head])
        for layer in (layer for model in models for layer in layers_within(model)):
            for variable in layer.variables:
                self._read(variable, layer.compute_dtype)

    def _read(self, variable: Any, dtype: str) -> None:
        """Reads a weight for a layer of `dtype`; a layer's own dtype comes after its parent's."""
        self._values.pop(id(variable), None)
        is_float = keras.backend.is_float_dtype(variable.dtype)
        if is_float and variable.dtype != dtype and math.prod(variable.shape) >= LARGE_WEIGHT:
            self._values[id(variable)] = (variable, ops.cast(variable.value, dtype))

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        if not self._values:
            return contextlib.nullcontext()
        scope = keras.StatelessScope()
        for update in self._values.values():
            scope.add_update(update)
        return scope


def _as_list(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _by_tensor(symbolic: list[Tensor], outputs: Any) -> dict[int, Tensor]:
    return {id(tensor): value for tensor, value in zip(symbolic, _as_list(outputs), strict=True)}
