"""The loop over time, once for each backend: the file in this room that knows the backend.

`keras.ops.scan` wants outputs of the structure of the carry and fails on an unknown length on
TensorFlow; `tf.while_loop` over TensorArrays has neither limit.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.layers.loop_products import find_products
from kerasseq.typing import State, Tensor

ScanStep = Callable[[list[Tensor], State], tuple[list[Tensor], State]]


def scan(
    step: ScanStep,
    sequences: Sequence[Tensor],
    state: State,
    templates: Sequence[Tensor],
    reverse: bool = False,
    training: bool | None = False,
) -> tuple[list[Tensor], State]:
    """Runs `step` over the first axis of `sequences`, in one graph loop.

    Args:
        step: `step(slices, state) -> (outputs, state)`: slices and outputs are lists of
            `(rows, ...)` tensors, and the state keeps its shapes and dtypes.
        sequences: tensors of shape `(time, rows, ...)`, time first; at least one.
        state: list of `(rows, ...)` tensors.
        templates: for each output a tensor of its shape and dtype, whose values are not read:
            what a sequence of no steps gives, and what the buffers are made for.
        reverse: run from the last step to the first; outputs stay in the order of the inputs.
        training: whether gradients will be wanted, see `loop_products.py`.

    Returns:
        The outputs as `(time, rows, ...)` tensors, and the last state.
    """
    sequences, state, templates = list(sequences), list(state), list(templates)
    if keras.backend.backend() == "tensorflow":
        return _scan_tensorflow(step, sequences, state, templates, reverse, bool(training))
    loop = _scan_jax if keras.backend.backend() == "jax" else _scan_python
    return loop(step, sequences, state, templates, reverse)


def _scan_tensorflow(
    step: ScanStep,
    sequences: list[Tensor],
    state: State,
    templates: list[Tensor],
    reverse: bool,
    training: bool,
) -> tuple[list[Tensor], State]:
    import tensorflow as tf

    length = tf.shape(sequences[0])[0]
    inputs = [_unstack_tensor_array(sequence, length) for sequence in sequences]
    outputs = [_reserve_list(template, length) for template in templates]
    state = [tf.convert_to_tensor(tensor) for tensor in state]
    write = _write_once if training else _write
    products = None
    if training and not tf.executing_eagerly():
        products = find_products(step, sequences, state)
        products.open(length)

    def body(time: Any, outputs: list[Any], state: State) -> tuple[Any, list[Any], State]:
        position = length - 1 - time if reverse else time
        with contextlib.nullcontext() if products is None else products.at(position):
            results, state = step([array.read(position) for array in inputs], state)
        written = [
            write(written, position, result)
            for written, result in zip(outputs, results, strict=True)
        ]
        return time + 1, written, state

    sizes = [tf.TensorShape([None, *tensor.shape[1:]]) for tensor in state]
    _, outputs, state = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (tf.constant(0), outputs, state),
        shape_invariants=(tf.TensorShape([]), [tf.TensorShape([])] * len(outputs), sizes),
    )
    stacked = map(_stack_list, outputs, templates)
    return list(stacked), list(state)


def _unstack_tensor_array(sequence: Tensor, length: Tensor) -> Any:
    import tensorflow as tf

    array = tf.TensorArray(
        sequence.dtype, length, element_shape=sequence.shape[1:], clear_after_read=False
    )
    return array.unstack(sequence)


def _reserve_list(template: Tensor, length: Tensor) -> Tensor:
    """A list of `length` places for tensors of the template's shape and dtype."""
    import tensorflow as tf

    return tf.raw_ops.TensorListReserve(
        element_shape=[-1 if size is None else size for size in template.shape],
        num_elements=length,
        element_dtype=template.dtype,
    )


def _write(written: Tensor, position: Tensor, value: Tensor) -> Tensor:
    import tensorflow as tf

    return tf.raw_ops.TensorListSetItem(input_handle=written, index=position, item=value)


def _write_once(written: Tensor, position: Tensor, value: Tensor) -> Tensor:
    """Writes a place of a list that nothing else writes.

    TensorFlow's own gradient would make zeros of it for whoever wrote there before.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def write(written: Tensor, value: Tensor) -> Any:
        shape = tf.shape(value)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            of_value = tf.raw_ops.TensorListGetItem(
                input_handle=upstream,
                index=position,
                element_shape=shape,
                element_dtype=value.dtype,
            )
            return upstream, of_value

        return _write(written, position, value), gradient

    return write(written, value)


def _stack_list(written: Tensor, template: Tensor) -> Tensor:
    """The list as one tensor, which knows the shape of its elements even when there are none."""
    import tensorflow as tf

    stacked = tf.raw_ops.TensorListStack(
        input_handle=written, element_shape=tf.shape(template), element_dtype=template.dtype
    )
    stacked.set_shape([None, *template.shape])
    return stacked


def _scan_jax(
    step: ScanStep, sequences: list[Tensor], state: State, templates: list[Tensor], reverse: bool
) -> tuple[list[Tensor], State]:
    import jax

    def body(state: State, slices: list[Tensor]) -> tuple[State, list[Tensor]]:
        outputs, state = step(slices, state)
        return state, outputs

    state, outputs = jax.lax.scan(body, state, sequences, reverse=reverse)
    return outputs, state


def _scan_python(
    step: ScanStep, sequences: list[Tensor], state: State, templates: list[Tensor], reverse: bool
) -> tuple[list[Tensor], State]:
    positions = range(sequences[0].shape[0])
    collected: list[list[Tensor]] = []
    for position in reversed(positions) if reverse else positions:
        outputs, state = step([sequence[position] for sequence in sequences], state)
        collected.append(outputs)
    if not collected:
        return [ops.zeros((0, *template.shape), template.dtype) for template in templates], state
    if reverse:
        collected.reverse()
    return [ops.stack(list(steps)) for steps in zip(*collected, strict=True)], state
