"""The floor: the matrix products of the reference work, alone and back to back.

No program that computes the same network can be faster than its products; what is above them is
what this package adds. They run in the same process, dtype and kernels as the work itself, one
after the other. Each loop reads its weights in turn at every step, as the network does. Of equal
ways to the same result the floor takes the fastest: products with the same left side are joined,
and the gradient of a weight in a loop is one product over all steps, and a matrix that a product
would read slowly is laid out as the network does it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from kerasseq.benchmarking.measuring import Span, Stopwatch
from kerasseq.benchmarking.products import Phase, Product
from kerasseq.layers.laid_out import is_slow, spread
from kerasseq.typing import Tensor


class _Operands(NamedTuple):
    """Of one product: what enters a step, and what enters the gradient over all steps.

    `laid_out` is `weights` as the product reads it fastest.
    """

    inputs: Tensor
    weights: Tensor
    laid_out: Tensor
    upstream: Tensor
    all_inputs: Tensor
    all_upstream: Tensor


class Floor:
    """Runs products and says what they took.

    Args:
        dtype: `"float32"` or `"bfloat16"`.
        backward: whether the two products of each gradient follow.

    Example:

    >>> span = Floor("float32").measure([Phase(2, (Product(3, 4, 5),))])
    >>> span.wall > 0
    True
    """

    def __init__(self, dtype: str, backward: bool = False) -> None:
        self.dtype = tf.as_dtype(dtype)
        self.backward = backward
        self._weights: dict[tuple[int, ...], Tensor] = {}
        self._runs: dict[Any, Any] = {}

    def measure(self, phases: Sequence[Phase]) -> Span:
        """Returns what the products took, once.

        Args:
            phases: products and how often they are repeated.
        """
        run = self.prepare(phases)
        watch = Stopwatch()
        run()
        return watch.read()

    def prepare(self, phases: Sequence[Phase]) -> Callable[[], None]:
        """Returns what runs the products, once a call; threads may run several side by side.

        Args:
            phases: products and how often they are repeated.
        """
        operands = [
            [
                self._operands(product, phase.steps, (place, order))
                for order, product in enumerate(phase.products)
            ]
            for place, phase in enumerate(phases)
        ]
        steps = [tf.constant(phase.steps) for phase in phases]
        run = self._traced(operands, steps)
        return lambda: run(operands, steps).numpy()

    def _traced(self, *arguments: Any) -> Any:
        """The graph of such phases, traced for any sizes and run once."""
        specs = tf.nest.map_structure(
            lambda tensor: tf.TensorSpec([None] * tensor.shape.rank, tensor.dtype), arguments
        )
        key = repr(specs)
        if key not in self._runs:
            self._runs[key] = tf.function(self._run_phases, input_signature=specs, autograph=False)
            self._runs[key](*arguments)
        return self._runs[key]

    def _operands(self, product: Product, steps: int, place: tuple[int, int]) -> _Operands:
        rows, inner, columns, batch = product
        lead = [] if batch is None else [batch]

        def fill(*shape: int) -> Tensor:
            return tf.fill([*lead, *shape], tf.constant(0.01, self.dtype))

        weights = fill(inner, columns) if lead else self._weight(*place, inner, columns)
        laid_out = weights if lead else self._laid_out(rows, weights)
        inputs, upstream = fill(rows, inner), fill(rows, columns)
        if not self.backward:
            return _Operands(inputs, weights, laid_out, upstream, inputs, upstream)
        all_inputs, all_upstream = inputs, upstream
        if steps > 1:
            all_inputs, all_upstream = fill(steps * rows, inner), fill(steps * rows, columns)
        if not lead:
            all_upstream = self._laid_out(inner, all_upstream)
        return _Operands(inputs, weights, laid_out, upstream, all_inputs, all_upstream)

    def _laid_out(self, rows: int, right: Tensor) -> Tensor:
        """The right side of a product of so many rows, as the network lays it out."""
        return spread(right) if is_slow(rows, right.shape[-1], self.dtype.name) else right

    def _weight(self, *key: int) -> Tensor:
        """Every product has weights of its own, so that none stays in a cache for another's."""
        if key not in self._weights:
            self._weights[key] = tf.fill(key[-2:], tf.constant(0.01, self.dtype))
        return self._weights[key]

    def _run_phases(self, operands: list[list[_Operands]], steps: list[Tensor]) -> Tensor:
        total = tf.constant(0, self.dtype)
        for phase, count in zip(operands, steps, strict=True):
            total = self._repeat(count, phase, total, backward=False)
        if not self.backward:
            return total
        for phase, count in zip(operands[::-1], steps[::-1], strict=True):
            total = self._repeat(count, phase[::-1], total, backward=True)
            for each in phase:
                total = _multiply(each.all_inputs, each.all_upstream, total, transpose_a=True)
        return total

    def _repeat(
        self, steps: Tensor, phase: list[_Operands], total: Tensor, backward: bool
    ) -> Tensor:
        def body(step: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
            for each in phase:
                if backward:
                    total = _multiply(each.upstream, each.weights, total, transpose_b=True)
                else:
                    total = _multiply(each.inputs, each.laid_out, total)
            return step + 1, total

        return tf.while_loop(
            lambda step, total: step < steps, body, (0, total), parallel_iterations=1
        )[1]


def _multiply(left: Tensor, right: Tensor, total: Tensor, **transposed: bool) -> Tensor:
    """Multiplies once `total` is there, and adds a number of the result to it.

    Without the sum TensorFlow would find that nobody reads the product, and leave it out.
    """
    with tf.control_dependencies([total]):
        product = tf.matmul(left, right, **transposed)
    return total + tf.reshape(product, [-1])[0]
