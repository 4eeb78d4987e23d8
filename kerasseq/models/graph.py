"""Cuts a functional graph at its decoder: the only file that reads Keras' graph attributes.

Keras keeps on every symbolic tensor which node made it (`_keras_history`) and its mask
(`_keras_mask`), and on every operation its nodes (`_inbound_nodes`).
"""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from kerasseq.layers import Decoder
from kerasseq.typing import Tensor


class Parts:
    """The three parts of a sequence-to-sequence graph, which share its layers and weights.

    `source` runs once for a source: `source_ids` to what the decoder and the others read of it.
    `target` embeds a target token, `head` turns decoder outputs into logits. Each is a
    `keras.Model` from a list of tensors to a list of tensors.

    A plain object on purpose: Keras would track models in an attribute, and save them twice.
    """

    def __init__(self, source_ids: Tensor, target_ids: Tensor, logits: Tensor) -> None:
        graph = _Graph(source_ids, target_ids, logits)
        node = graph.decoder_node()
        arguments = _decoder_arguments(node)
        self.decoder: Decoder = node.operation
        self.inputs = arguments["inputs"]
        self.memory = arguments["memory"]
        self.initial_state = list(arguments.get("initial_state") or [])
        self.memory_mask = arguments.get("memory_mask")
        graph.check_decoder_arguments(self)
        graph.check_mask(self.memory, self.memory_mask)

        head_inputs = graph.boundary([logits], graph.is_free_of_decoder_or_its_output)
        head_target = [tensor for tensor in head_inputs if graph.reads_target(tensor)]
        target_outputs = _unique([self.inputs, *head_target])
        target_inputs = graph.boundary(target_outputs, graph.is_free_of_target)
        self.head_tensors = head_inputs
        self.target_tensors = _unique([target_ids, *target_inputs])
        self.target_outputs = target_outputs
        extras = [
            tensor
            for tensor in [*head_inputs, *target_inputs]
            if tensor is not target_ids and graph.is_of_source(tensor)
        ]
        masks = [] if self.memory_mask is None else [self.memory_mask]
        self.source_tensors = _unique([self.memory, *self.initial_state, *masks, *extras])

        self.outputs_key, self.weights_key = id(node.outputs[0]), id(node.outputs[-1])
        for tensor in head_inputs:
            if _node(tensor) is node and id(tensor) not in (self.outputs_key, self.weights_key):
                raise ValueError(
                    "What stands between decoder and logits may read the decoder's outputs and "
                    "attention weights, which belong to a position. Received: its last state."
                )
        self.source = keras.Model([source_ids], self.source_tensors, name="source_part")
        self.target = keras.Model(self.target_tensors, self.target_outputs, name="target_part")
        self.head = None
        if logits is not node.outputs[0]:
            self.head = keras.Model(head_inputs, [logits], name="head_part")

    def suspects(self) -> list[str]:
        """Names of the layers between target and logits that may mix positions."""
        models = [self.target] if self.head is None else [self.target, self.head]
        return [
            layer.name
            for model in models
            for layer in model.layers
            if not isinstance(layer, (keras.layers.InputLayer, *POSITION_WISE))
            and type(layer).__name__ != "TokenEmbedding"
        ]


POSITION_WISE = (
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.Embedding,
    keras.layers.LayerNormalization,
    keras.layers.Concatenate,
    keras.layers.Add,
    keras.layers.Activation,
)


def mask_of(tensor: Tensor) -> Tensor | None:
    """Returns the mask that Keras attached to a tensor, or `None`."""
    return getattr(tensor, "_keras_mask", None)


def without_mask(tensor: Tensor) -> Tensor:
    """Takes the mask off a tensor: one step is real, and layers without masking would warn."""
    if mask_of(tensor) is not None:
        tensor._keras_mask = None
    return tensor


def layers_within(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yields a layer and all in it, parents before their children."""
    return iter(layer._flatten_layers())


class _Graph:
    """What stands between `source_ids`, `target_ids` and `logits`, and what depends on what."""

    def __init__(self, source_ids: Tensor, target_ids: Tensor, logits: Tensor) -> None:
        self.source_ids = source_ids
        self.target_ids = target_ids
        self.logits = logits
        self._reads: dict[int, frozenset[str]] = {}
        self._order: list[Any] = []
        self._visit(logits)

    def _visit(self, logits: Tensor) -> None:
        """Computes for every tensor whether it reads the source, the target, the decoder."""
        stack = [logits]
        while stack:
            tensor = stack[-1]
            if id(tensor) in self._reads:
                stack.pop()
                continue
            node = _node(tensor)
            waiting = [parent for parent in _parents(node) if id(parent) not in self._reads]
            if waiting:
                stack.extend(waiting)
                continue
            reads = frozenset().union(*(self._reads[id(parent)] for parent in _parents(node)))
            if tensor is self.source_ids:
                reads = frozenset({"source"})
            elif tensor is self.target_ids:
                reads = frozenset({"target"})
            elif isinstance(node.operation, Decoder):
                reads |= {"decoder"}
            self._reads[id(tensor)] = reads
            if node not in self._order:
                self._order.append(node)

    def decoder_node(self) -> Any:
        nodes = [node for node in self._order if isinstance(node.operation, Decoder)]
        if len(nodes) == 1:
            return nodes[0]
        if nodes:
            names = ", ".join(repr(node.operation.name) for node in nodes)
            raise ValueError(
                "`logits` must come from one call of one decoder layer. "
                f"Received: {len(nodes)} calls ({names})."
            )
        raise ValueError(
            "`logits` must come from a decoder layer (a `kerasseq.layers.Decoder` such as "
            f"`AttentionDecoder`). Received: an output of {_node(self.logits).operation.name!r} "
            "with no decoder before it."
        )

    def check_decoder_arguments(self, parts: Parts) -> None:
        if not self.reads_target(parts.inputs):
            raise ValueError(
                f"The `inputs` of decoder {parts.decoder.name!r} must be made from `target_ids`. "
                f"Received: an output of {_node(parts.inputs).operation.name!r}, which does not "
                "read them."
            )
        for tensor in [parts.memory, *parts.initial_state]:
            if self._reads[id(tensor)] != {"source"}:
                reads = " and ".join(sorted(self._reads[id(tensor)])) or "neither"
                raise ValueError(
                    f"Memory and initial state of decoder {parts.decoder.name!r} must be made from "
                    f"`source_ids` alone. Received: an output of {_node(tensor).operation.name!r}, "
                    f"which reads {reads}."
                )

    def check_mask(self, memory: Tensor, memory_mask: Tensor | None) -> None:
        """Raises if a mask was made on the way from the source to the memory, and lost."""
        if memory_mask is not None or mask_of(memory) is not None:
            return
        seen, stack = set(), [memory]
        while stack:
            tensor = stack.pop()
            if id(tensor) in seen:
                continue
            seen.add(id(tensor))
            parents = _parents(_node(tensor))
            if mask_of(tensor) is None and any(mask_of(parent) is not None for parent in parents):
                raise ValueError(
                    "The source has a mask, and the decoder's memory has none: the decoder would "
                    f"attend to padding. Layer {_node(tensor).operation.name!r} lost it. Use a "
                    "layer that passes masks on, or give the decoder `memory_mask`."
                )
            stack.extend(parents)

    def reads_target(self, tensor: Tensor) -> bool:
        return "target" in self._reads[id(tensor)] and "decoder" not in self._reads[id(tensor)]

    def is_of_source(self, tensor: Tensor) -> bool:
        return self._reads[id(tensor)] <= {"source"}

    def is_free_of_target(self, tensor: Tensor) -> bool:
        return tensor is self.target_ids or self.is_of_source(tensor)

    def is_free_of_decoder_or_its_output(self, tensor: Tensor) -> bool:
        is_output = isinstance(_node(tensor).operation, Decoder)
        return is_output or "decoder" not in self._reads[id(tensor)]

    def boundary(self, tensors: Iterable[Tensor], stops: Any) -> list[Tensor]:
        """The tensors at which a walk back from `tensors` stops, in a fixed order."""
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
                stack.extend(_parents(_node(tensor)))
        return found


def _node(tensor: Tensor) -> Any:
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def _parents(node: Any) -> list[Tensor]:
    return list(node.input_tensors)


def _decoder_arguments(node: Any) -> dict[str, Any]:
    signature = inspect.signature(node.operation.call)
    return signature.bind(*node.arguments.args, **node.arguments.kwargs).arguments


def _unique(tensors: Iterable[Tensor]) -> list[Tensor]:
    return list({id(tensor): tensor for tensor in tensors}.values())
