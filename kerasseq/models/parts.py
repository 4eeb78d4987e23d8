"""Cuts a functional graph at its decoder, or says why it cannot."""

from collections.abc import Iterable

import keras

from kerasseq import layers
from kerasseq.models.graph import (
    DecoderCall,
    Graph,
    joiner_of_masks,
    loser_of_mask,
    made_by,
    makers,
    mask_of,
)
from kerasseq.typing import Tensor

SOURCE = frozenset({"source_ids"})
INPUTS = frozenset({"source_ids", "target_ids"})

# What treats each position alone, and so may stand between target and decoder, and behind it.
POSITION_WISE = (
    keras.layers.InputLayer,
    keras.layers.Activation,
    keras.layers.Add,
    keras.layers.Concatenate,
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.Embedding,
    keras.layers.LayerNormalization,
    layers.Readout,
    layers.TokenEmbedding,
    layers.WordDropout,
)


class Parts:
    """The three parts of a sequence-to-sequence graph, which share its layers and weights.

    `source` runs once for a source: `source_ids` to what the decoder and the others read of it.
    `target` embeds a target token, `head` turns decoder outputs into logits (`None` if they are the
    logits). Each is a `keras.Model` from a list of tensors to a list of tensors; the symbolic
    tensors at the cuts say which is which.

    A plain object on purpose: Keras would track models in an attribute, and save them twice.

    Args:
        source_ids: the symbolic input of the source.
        target_ids: the symbolic input of the target.
        logits: the symbolic output.

    Raises:
        ValueError: if the graph cannot be cut.
    """

    def __init__(self, source_ids: Tensor, target_ids: Tensor, logits: Tensor) -> None:
        graph = Graph(source_ids, target_ids, logits)
        call = _the_decoder_call(graph, logits)
        self.decoder = call.decoder
        self.inputs: Tensor = call.arguments["inputs"]
        self.memory: Tensor = call.arguments["memory"]
        self.initial_state = _tensors(call.arguments.get("initial_state"))
        explicit_mask = call.arguments.get("memory_mask")
        _check_inputs_of_decoder(graph, self.decoder, self.inputs)
        _check_made_from_source(graph, self.decoder, "memory", [self.memory])
        _check_made_from_source(graph, self.decoder, "initial_state", self.initial_state)
        _check_made_from_source(graph, self.decoder, "memory_mask", _tensors(explicit_mask))
        _check_mask(self.memory, explicit_mask)
        # Not read from the memory when it runs: there is no public way to, and some backends'
        # tensors hold no attributes.
        self.memory_mask = mask_of(self.memory) if explicit_mask is None else explicit_mask
        self.outputs, self.attention_weights = call.outputs[0], call.outputs[-1]
        self._cut_head(graph, call, logits)
        self._cut_target(graph)
        self._cut_source(graph)

    def _cut_head(self, graph: Graph, call: DecoderCall, logits: Tensor) -> None:
        def stops(tensor: Tensor) -> bool:
            return made_by(tensor) is self.decoder or "decoder" not in graph.reads(tensor)

        self.head_tensors = graph.boundary([logits], stops)
        for tensor in self.head_tensors:
            if any(tensor is state for state in call.outputs[1:-1]):
                raise ValueError(
                    "What stands between decoder and logits may read the decoder's outputs and "
                    "attention weights, which belong to a position. Received: the state after the "
                    f"last position of decoder {self.decoder.name!r}."
                )
        self.head = None
        if logits is not self.outputs:
            self.head = _model(self.head_tensors, [logits], "head_part")

    def _cut_target(self, graph: Graph) -> None:
        def reads_target(tensor: Tensor) -> bool:
            return "target_ids" in graph.reads(tensor) and "decoder" not in graph.reads(tensor)

        def stops(tensor: Tensor) -> bool:
            return tensor is graph.target_ids or graph.reads(tensor) <= SOURCE

        self.target_outputs = _unique([self.inputs, *filter(reads_target, self.head_tensors)])
        # The ids first, whether or not something is read beside them.
        self.target_tensors = _unique(
            [graph.target_ids, *graph.boundary(self.target_outputs, stops)]
        )
        self.target = _model(self.target_tensors, self.target_outputs, "target_part")

    def _cut_source(self, graph: Graph) -> None:
        self.extras = [
            tensor
            for tensor in _unique([*self.head_tensors, *self.target_tensors])
            if tensor is not graph.target_ids and graph.reads(tensor) <= SOURCE
        ]
        masks = [self.memory_mask, *map(mask_of, self.extras)]
        self.source_tensors = _unique(
            tensor
            for tensor in [self.memory, *self.initial_state, *self.extras, *masks]
            if tensor is not None
        )
        self.source = _model([graph.source_ids], self.source_tensors, "source_part")

    @property
    def output_layer(self) -> keras.layers.Dense | None:
        """The `Dense` that alone stands between decoder outputs and logits; None for other heads.

        It gives the same for `(rows, units)` as for one position, `(rows, 1, units)`.
        """
        only_outputs = len(self.head_tensors) == 1 and self.head_tensors[0] is self.outputs
        if self.head is None or not only_outputs:
            return None
        # Operations, and not layers: arithmetic on tensors is in the graph without being one.
        found = [each for each in self.head.operations if type(each) is not keras.layers.InputLayer]
        return found[0] if [type(each) for each in found] == [keras.layers.Dense] else None

    def suspects(self) -> list[str]:
        """Returns the names of what stands around the decoder and may mix positions."""
        models = [self.target] if self.head is None else [self.target, self.head]
        return [
            operation.name
            for model in models
            for operation in model.operations
            if not isinstance(operation, POSITION_WISE)
        ]


def _the_decoder_call(graph: Graph, logits: Tensor) -> DecoderCall:
    """The one call of a decoder that the logits depend on."""
    calls = graph.decoder_calls()
    further = sorted(graph.reads(logits) - INPUTS - {"decoder"})
    if further:
        raise ValueError(
            "`logits` must be made from `source_ids` and `target_ids` alone. "
            f"Received: logits that also read {', '.join(further)}."
        )
    if len(calls) > 1:
        names = ", ".join(repr(call.decoder.name) for call in calls)
        raise ValueError(
            "`logits` must come from one call of one decoder layer. "
            f"Received: {len(calls)} calls ({names})."
        )
    if not calls:
        raise ValueError(
            "`logits` must come from a decoder layer (a `kerasseq.layers.Decoder` such as "
            f"`AttentionDecoder`). Received: an output of {made_by(logits).name!r} with no decoder "
            "before it. A decoder inside another model is not found: call it in the graph itself."
        )
    return calls[0]


def _check_inputs_of_decoder(graph: Graph, decoder: layers.Decoder, inputs: Tensor) -> None:
    if "target_ids" not in graph.reads(inputs):
        raise ValueError(
            f"The `inputs` of decoder {decoder.name!r} must be made from `target_ids`. Received: "
            f"an output of {made_by(inputs).name!r}, which does not read them."
        )


def _check_made_from_source(
    graph: Graph, decoder: layers.Decoder, argument: str, tensors: Iterable[Tensor]
) -> None:
    for tensor in tensors:
        if graph.reads(tensor) != SOURCE:
            reads = " and ".join(f"`{name}`" for name in sorted(graph.reads(tensor))) or "neither"
            raise ValueError(
                f"The `{argument}` of decoder {decoder.name!r} must be made from `source_ids` "
                f"alone. Received: an output of {made_by(tensor).name!r}, which reads {reads}."
            )


def _check_mask(memory: Tensor, explicit_mask: Tensor | None) -> None:
    """Raises if a mask was made on the way from the source to the memory, and lost or spoilt."""
    if explicit_mask is None and (joiner := joiner_of_masks(memory)) is not None:
        raise ValueError(
            f"Layer {joiner.name!r} joins tensors of the source with and without a mask, and Keras "
            "then calls padding real. Give all of them one: `TokenEmbedding`, or "
            "`keras.layers.Embedding` with `mask_zero=True`."
        )
    if explicit_mask is not None or mask_of(memory) is not None:
        return
    loser = loser_of_mask(memory)
    if loser is not None:
        raise ValueError(
            "The source has a mask, and the decoder's memory has none: the decoder would attend "
            f"to padding. Layer {loser.name!r} lost it. Use a layer that passes masks on, or give "
            "the decoder `memory_mask`."
        )


def _model(inputs: list[Tensor], outputs: list[Tensor], name: str) -> keras.Model:
    if not {id(made_by(tensor)) for tensor in inputs}.isdisjoint(makers(inputs, outputs)):
        # Keras takes each call of a layer that made an input for that input: call all anew.
        inputs, outputs = _called_anew(inputs, outputs)
    model = keras.Model(inputs, outputs, name=name)
    model.supports_masking = True  # else Keras warns that a mask given to it is lost
    return model


def _called_anew(inputs: list[Tensor], outputs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    fresh = [keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype) for tensor in inputs]
    return fresh, keras.Function(inputs, outputs).call(fresh)


def _tensors(argument: Tensor | list[Tensor] | None) -> list[Tensor]:
    return [tensor for tensor in keras.tree.flatten(argument) if tensor is not None]


def _unique(tensors: Iterable[Tensor]) -> list[Tensor]:
    return list({id(tensor): tensor for tensor in tensors}.values())
