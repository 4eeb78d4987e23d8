"""Reads a functional graph of Keras: the only file that knows the attributes it is kept in.

Keras keeps on every symbolic tensor which node made it (`_keras_history`) and its mask
(`_keras_mask`), and on every operation its nodes (`_inbound_nodes`).
"""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import keras

from kerasseq.layers import Decoder, Encoder
from kerasseq.typing import Tensor


class DecoderCall(NamedTuple):
    """One call of a decoder in a graph.

    Attributes:
        decoder: the layer.
        arguments: the symbolic arguments by name.
        outputs: the flat symbolic outputs: outputs, state, attention weights.
    """

    decoder: Decoder
    arguments: dict[str, Any]
    outputs: list[Tensor]


class Graph:
    """What stands between `source_ids`, `target_ids` and `logits`, and what depends on what.

    Args:
        source_ids: the symbolic input of the source.
        target_ids: the symbolic input of the target.
        logits: the symbolic output.

    Raises:
        ValueError: if a layer says that it returns the very tensor that it was given.
    """

    def __init__(self, source_ids: Tensor, target_ids: Tensor, logits: Tensor) -> None:
        self.source_ids = source_ids
        self.target_ids = target_ids
        self._reads: dict[int, frozenset[str]] = {}
        self._nodes: list[Any] = []
        self._visit(logits)

    def _visit(self, logits: Tensor) -> None:
        """Finds out for every tensor whether it reads the source, the target, the decoder."""
        stack = [logits]
        while stack:
            tensor = stack[-1]
            if id(tensor) in self._reads:
                stack.pop()
                continue
            node = _node(tensor)
            waiting = [parent for parent in parents(tensor) if id(parent) not in self._reads]
            if any(parent is tensor for parent in waiting) and not self._is_input(tensor):
                raise ValueError(
                    "`compute_output_spec` of a layer must return new tensors, and not those that "
                    f"it was given. Received: {node.operation.name!r}, which returns its input."
                )
            if waiting and not self._is_input(tensor):
                stack.extend(waiting)
                continue
            self._reads[id(tensor)] = self._reads_of(tensor)
            if node not in self._nodes:
                self._nodes.append(node)

    def _is_input(self, tensor: Tensor) -> bool:
        return tensor is self.source_ids or tensor is self.target_ids

    def _reads_of(self, tensor: Tensor) -> frozenset[str]:
        if tensor is self.source_ids:
            return frozenset({"source_ids"})
        if tensor is self.target_ids:
            return frozenset({"target_ids"})
        operation = _node(tensor).operation
        if isinstance(operation, keras.layers.InputLayer):
            return frozenset({f"the input {operation.name!r}"})
        own = frozenset({"decoder"}) if isinstance(operation, Decoder) else frozenset()
        return own.union(*(self._reads[id(parent)] for parent in parents(tensor)))

    def decoder_calls(self) -> list[DecoderCall]:
        """Returns the calls of decoders that the logits depend on."""
        calls = []
        for node in self._nodes:
            if isinstance(node.operation, Decoder):
                signature = inspect.signature(node.operation.call)
                bound = signature.bind(*node.arguments.args, **node.arguments.kwargs)
                calls.append(DecoderCall(node.operation, bound.arguments, list(node.outputs)))
        return calls

    def reads(self, tensor: Tensor) -> frozenset[str]:
        """Returns what a tensor is made from.

        Names among `"source_ids"`, `"target_ids"`, `"decoder"` and those of further inputs.
        """
        return self._reads[id(tensor)]

    def boundary(self, tensors: Iterable[Tensor], stops: Callable[[Tensor], bool]) -> list[Tensor]:
        """Returns the tensors at which a walk back from `tensors` stops, in a fixed order.

        Args:
            tensors: where the walk begins.
            stops: whether a tensor is at the boundary.
        """
        found: list[Tensor] = []
        stack, seen = list(tensors), set()
        while stack:
            tensor = stack.pop()
            if id(tensor) in seen:
                continue
            seen.add(id(tensor))
            if stops(tensor):
                found.append(tensor)
            else:
                stack.extend(parents(tensor))
        return found


def parents(tensor: Tensor) -> list[Tensor]:
    """Returns what the operation that made a symbolic tensor has read, explicit masks included."""
    return list(_node(tensor).input_tensors)


def made_by(tensor: Tensor) -> Any:
    """Returns the operation that made a symbolic tensor."""
    return _node(tensor).operation


def makers(inputs: Iterable[Tensor], outputs: Iterable[Tensor]) -> set[int]:
    """Returns the ids of the operations that stand between symbolic tensors.

    Args:
        inputs: where a walk back from the outputs stops.
        outputs: where it begins.
    """
    found, stack = set(), list(outputs)
    seen = {id(tensor) for tensor in inputs}
    while stack:
        tensor = stack.pop()
        if id(tensor) not in seen:
            seen.add(id(tensor))
            found.add(id(made_by(tensor)))
            stack.extend(parents(tensor))
    return found


def mask_of(tensor: Tensor) -> Tensor | None:
    """Returns the mask that Keras attached to a symbolic tensor, or `None`."""
    return getattr(tensor, "_keras_mask", None)


def loser_of_mask(tensor: Tensor) -> Any | None:
    """Returns the operation that lost a mask on the way to a tensor, or `None`.

    A mask may end where the positions do: a vector that was pooled from them needs none.

    Args:
        tensor: symbolic, without a mask.
    """
    for each in _sequences_before(tensor, lambda found: mask_of(found) is None):
        masked = any(mask_of(parent) is not None for parent in parents(each))
        if mask_of(each) is None and masked:
            return made_by(each)
    return None


def joiner_of_masks(tensor: Tensor) -> Any | None:
    """Returns an operation that joined tensors with and without a mask, or `None`.

    Keras calls every position real then, padding too.

    Args:
        tensor: symbolic, with a mask.
    """
    for each in _sequences_before(tensor, lambda found: True):
        masked = {mask_of(parent) is not None for parent in parents(each)}
        if isinstance(made_by(each), keras.layers.Concatenate) and len(masked) > 1:
            return made_by(each)
    return None


def _sequences_before(tensor: Tensor, passes: Callable[[Tensor], bool]) -> Iterator[Tensor]:
    """Yields a tensor with positions and those before it, going on behind what `passes`."""
    seen, stack = set(), [tensor]
    while stack:
        each = stack.pop()
        if id(each) in seen or len(each.shape) < 3:
            continue
        seen.add(id(each))
        yield each
        if passes(each):
            stack.extend(parents(each))


def time_reduction(tensor: Tensor) -> int:
    """Returns how many positions of an input one of a symbolic tensor stands for.

    Along a path, what each encoder says is multiplied; where paths meet, the longest counts.
    """
    known: dict[int, int] = {}
    stack = [tensor]
    while stack:
        each = stack[-1]
        operation, before = made_by(each), parents(each)
        before = [] if isinstance(operation, keras.layers.InputLayer) else before
        waiting = [parent for parent in before if id(parent) not in known]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        longest = max((known[id(parent)] for parent in before), default=1)
        known[id(each)] = _own_reduction(operation, each) * longest
    return known[id(tensor)]


def _own_reduction(operation: Any, output: Tensor) -> int:
    """What an operation adds to the path that leads through it."""
    if not isinstance(operation, keras.layers.Layer):
        return 1
    if isinstance(operation, keras.Model) and getattr(operation, "outputs", None):
        index = output._keras_history.tensor_index  # a graph of its own, of which this is an output
        return time_reduction(keras.tree.flatten(operation.outputs)[index])
    within = layers_within(operation)
    return math.prod(layer.time_reduction for layer in within if isinstance(layer, Encoder))


def layers_within(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yields a layer and all in it, parents before their children."""
    return iter(layer._flatten_layers())


def _node(tensor: Tensor) -> Any:
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]
