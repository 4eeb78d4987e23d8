"""The loop over time, once for each backend: the only file in this room that knows the backend.

`keras.ops.scan` wants outputs of the structure of the carry and fails on an unknown length on
TensorFlow; `tf.while_loop` over TensorArrays has neither limit.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

from kerasseq.layers.laid_out import multiply_transposed
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
        training: whether gradients will be wanted, see `multiply`.

    Returns:
        The outputs as `(time, rows, ...)` tensors, and the last state.
    """
    sequences, state, templates = list(sequences), list(state), list(templates)
    if keras.backend.backend() == "tensorflow":
        return _scan_tensorflow(step, sequences, state, templates, reverse, bool(training))
    loop = _scan_jax if keras.backend.backend() == "jax" else _scan_python
    return loop(step, sequences, state, templates, reverse)


def multiply(inputs: Tensor, weights: Tensor, laid_out: Tensor | None = None) -> Tensor:
    """`ops.matmul` in a step of `scan`, by what is the same at every step.

    TensorFlow alone would make the gradient of `weights` anew at every step and add it to those
    of the steps before. In a `scan` that is told of training it is one product over all steps,
    after the loop: a training step of the reference network takes 3 % less CPU time and 8 % less
    memory, and in half precision the sum is rounded once and not at every step.

    Args:
        inputs: `(rows, size)`, or `(batch, queries, size)`.
        weights: `(size, columns)`, or `(batch, size, columns)`.
        laid_out: `weights` with further columns, for a faster product; see `LoopWeights`.
    """
    products = _PRODUCTS.get()
    if products is None:
        return _multiply_laid_out(inputs, weights, laid_out)
    return products.multiply(inputs, weights, laid_out)


def _multiply_laid_out(inputs: Tensor, weights: Tensor, laid_out: Tensor | None) -> Tensor:
    if laid_out is None:
        return ops.matmul(inputs, weights)
    return ops.matmul(inputs, laid_out)[..., : weights.shape[-1]]


class _Products:
    """The products of a loop's body with tensors from outside of it, in their order.

    What a step multiplies and what comes back to it are handed out of the loop in the place of
    gradients: each product gets a slot, whose gradients are by definition the two. A first run
    of the body, whose graph is thrown away, finds the tensors.
    """

    def __init__(self) -> None:
        self.weights: list[Tensor] = []
        self.slots: list[tuple[Tensor, Tensor]] = []
        self.position: Tensor | None = None
        self.next = 0

    @contextlib.contextmanager
    def at(self, position: Tensor | None) -> Iterator[None]:
        """Within this context, products belong to the step of that position."""
        self.position, self.next = position, 0
        token = _PRODUCTS.set(self)
        try:
            yield
        finally:
            _PRODUCTS.reset(token)

    def open(self, length: Tensor) -> None:
        """Makes a slot for each tensor that was found."""
        self.slots = [_open_slot(weights, length) for weights in self.weights]

    def multiply(self, inputs: Tensor, weights: Tensor, laid_out: Tensor | None) -> Tensor:
        import tensorflow as tf

        if getattr(weights, "graph", None) in (None, tf.compat.v1.get_default_graph()):
            return _multiply_laid_out(inputs, weights, laid_out)  # made in this step
        if self.position is None:
            self.weights.append(weights)
            return _multiply_laid_out(inputs, weights, laid_out)
        slot = self.slots[self.next]
        self.next += 1
        return _multiply_in_slot(inputs, weights, laid_out, slot, self.position)


_PRODUCTS: ContextVar[_Products | None] = ContextVar("products", default=None)


def _open_slot(weights: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """Two empty lists; their gradients are what was multiplied, and what came back."""
    import tensorflow as tf

    def stack(tensors: Tensor) -> Tensor:
        return tf.raw_ops.TensorListStack(
            input_handle=tensors, element_shape=-1, element_dtype=weights.dtype
        )

    def side_by_side(steps: Tensor) -> Tensor:
        """`(time, ..., rows, size)` to `(..., time * rows, size)`."""
        if weights.shape.rank == 2:
            return tf.reshape(steps, [-1, tf.shape(steps)[-1]])
        steps = tf.transpose(steps, [1, 0, 2, 3])
        shape = tf.shape(steps)
        return tf.reshape(steps, [shape[0], -1, shape[-1]])

    @tf.custom_gradient
    def open_slot(weights: Tensor) -> Any:
        lists = [
            tf.raw_ops.TensorListReserve(
                element_shape=-1, num_elements=length, element_dtype=weights.dtype
            )
            for _ in range(2)
        ]

        def gradient(inputs: Tensor, upstream: Tensor) -> Tensor:
            return multiply_transposed(side_by_side(stack(inputs)), side_by_side(stack(upstream)))

        return tuple(lists), gradient

    return open_slot(weights)


def _multiply_in_slot(
    inputs: Tensor,
    weights: Tensor,
    laid_out: Tensor | None,
    slot: tuple[Tensor, Tensor],
    position: Tensor,
) -> Tensor:
    import tensorflow as tf

    # Nothing is in the slot, and nobody reads what comes out of it: only its gradient counts.
    shape = tf.shape(inputs)
    shapes = (shape, tf.concat([shape[:-1], tf.shape(weights)[-1:]], 0))
    read = [
        tf.raw_ops.TensorListGetItem(
            input_handle=handle,
            index=position,
            element_shape=element_shape,
            element_dtype=weights.dtype,
        )
        for handle, element_shape in zip(slot, shapes, strict=True)
    ]

    @tf.custom_gradient
    def product(inputs: Tensor, *slot: Tensor) -> Any:
        def gradient(upstream: Tensor) -> Any:
            return tf.matmul(upstream, weights, transpose_b=True), inputs, upstream

        return _multiply_laid_out(inputs, weights, laid_out), gradient

    return product(inputs, *read)


def _find_products(step: ScanStep, sequences: list[Tensor], state: State) -> _Products:
    """Runs a step in a graph that is thrown away."""
    import tensorflow as tf

    products = _Products()

    def probe(slices: list[Tensor], state: State) -> Tensor:
        with products.at(None):
            step(slices, state)
        return tf.constant(0)

    tf.function(probe, autograph=False).get_concrete_function(
        [tf.TensorSpec(sequence.shape[1:], sequence.dtype) for sequence in sequences],
        [tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype) for tensor in state],
    )
    return products


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
    inputs = [
        tf.TensorArray(
            sequence.dtype, length, element_shape=sequence.shape[1:], clear_after_read=False
        ).unstack(sequence)
        for sequence in sequences
    ]
    outputs = [
        tf.TensorArray(template.dtype, length, element_shape=template.shape)
        for template in templates
    ]

    state = [tf.convert_to_tensor(tensor) for tensor in state]
    products = None
    if training and not tf.executing_eagerly():
        products = _find_products(step, sequences, state)
        products.open(length)

    def body(time: Any, outputs: list[Any], state: State) -> tuple[Any, list[Any], State]:
        position = length - 1 - time if reverse else time
        with contextlib.nullcontext() if products is None else products.at(position):
            results, state = step([array.read(position) for array in inputs], state)
        written = [
            array.write(position, result) for array, result in zip(outputs, results, strict=True)
        ]
        return time + 1, written, state

    _, outputs, state = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (tf.constant(0), outputs, state),
        shape_invariants=(
            tf.TensorShape([]),
            [tf.TensorShape(None)] * len(outputs),
            [tf.TensorShape([None, *tensor.shape[1:]]) for tensor in state],
        ),
    )
    stacked = [
        _stack_tensor_array(array, template)
        for array, template in zip(outputs, templates, strict=True)
    ]
    return stacked, list(state)


def _stack_tensor_array(array: Any, template: Tensor) -> Tensor:
    """`array.stack()` that knows the shape of its elements even when there are none."""
    import tensorflow as tf

    shape = tf.shape(template)
    if tf.executing_eagerly():
        if array.size() > 0:
            return array.stack()
        return tf.zeros(tf.concat([[0], shape], 0), template.dtype)
    stacked = tf.raw_ops.TensorListStack(
        input_handle=array.flow, element_shape=shape, element_dtype=template.dtype
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
