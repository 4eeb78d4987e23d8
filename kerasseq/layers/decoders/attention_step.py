"""One step of a decoder with attention: what stands in its loop, and all that a search runs."""

from typing import TYPE_CHECKING, NamedTuple

from keras import ops

from kerasseq.layers.cells.cell_stack import join_states, split_state
from kerasseq.layers.decoders.factors import DecoderFactors
from kerasseq.layers.decoders.readouts import Combine
from kerasseq.layers.decoders.wirings import CellsAtStep, CellsInLoop, join_fed
from kerasseq.typing import SharedStates, State, Tensor

if TYPE_CHECKING:
    from kerasseq.layers.decoders.attention_decoder import AttentionDecoder


class BoundLayers(NamedTuple):
    """The layers that stand in a loop, their weights read once.

    Attributes:
        cells: the cells.
        known: the lowest one's projection of an input of which nothing is known before the loop.
        combine: the readout.
    """

    cells: CellsInLoop
    known: Tensor
    combine: Combine


def bind_layers(
    decoder: "AttentionDecoder", layers: range, known_size: int, factors: DecoderFactors
) -> BoundLayers:
    """Reads the weights of a decoder's layers.

    Args:
        decoder: whose layers stand in the loop.
        layers: indices of the cells.
        known_size: how many columns of the lowest one's input are known before the loop.
        factors: the dropout of the call.
    """
    cells = CellsInLoop(
        decoder.cells,
        layers,
        known_size,
        factors.recurrent,
        decoder.residual_from,
        decoder.second_cells[0] if decoder.second_cells else None,
        decoder.fed_back if known_size == 0 and decoder.shares_states else range(0),
    )
    known = decoder.cells[layers.start].project(ops.zeros((1, 0), decoder.compute_dtype))
    return BoundLayers(cells, known, decoder.bind_readout())


class AttentionStep:
    """The step of a decoder, bound to a source.

    Args:
        decoder: whose layers run.
        prepared: what its `prepare` gave.
        bound: the layers that run.
        rows_are_sources: whether it is known that no source has several beams.
    """

    def __init__(
        self,
        decoder: "AttentionDecoder",
        prepared: list[Tensor],
        bound: BoundLayers,
        rows_are_sources: bool = False,
    ) -> None:
        self.decoder = decoder
        self.prepared = prepared
        self.bound = bound
        self.rows_are_sources = rows_are_sources

    def run_alone(
        self, inputs: Tensor, state: State, shared: SharedStates | None = None
    ) -> tuple[Tensor, State, Tensor]:
        """Runs a step of which nothing was done before, the readout included.

        Args:
            inputs: `(rows, input_size)`.
            state: `(rows, ...)` tensors.
            shared: which rows continue equal states, if any do.

        Returns:
            `(outputs, state, attention_weights)`.
        """
        decoder, bound = self.decoder, self.bound
        readout_inputs = decoder.readout_layer.project(inputs)
        slices = {"projected": bound.known, "inputs": inputs, "readout": readout_inputs}
        (outputs, weights, context), state = self.run(slices, state, shared)
        if not decoder.input_feeding:
            outputs = bound.combine(readout_inputs, outputs, context)
        return outputs, state, weights

    def run(
        self, slices: dict[str, Tensor], state: State, shared: SharedStates | None = None
    ) -> tuple[list[Tensor], State]:
        """Runs what cannot leave a loop.

        Args:
            slices: what is known before the step, `(rows, size)` by name: `projected`, or `inputs`
                too if that is only the bias; `readout`; factors of dropout.
            state: of the layers in the loop.
            shared: which rows continue equal states, if any do.

        Returns:
            `([outputs, attention_weights, context], state)`; without input feeding the outputs are
            those of the cells, and the readout is still to come.
        """
        cells, feeds = self.bound.cells, self.decoder.input_feeding
        within = [self.decoder.cells[layer] for layer in cells.layers]
        states = split_state(within, state)
        carried = state[len(join_states(states)) :]
        output, past = (carried[0], carried[1:]) if feeds else (None, carried)
        names = {layer: f"factors_{layer}" for layer in cells.layers}
        step = CellsAtStep(
            cells,
            dict(zip(cells.layers, states, strict=True)),
            slices["projected"],
            {layer: slices[name] for layer, name in names.items() if name in slices},
            shared,
            None if shared is None else output,
        )
        hidden, context, weights, past = self.decoder.order.advance(
            step, _fed(slices, output, shared), past, self._attend, self.decoder.attending
        )
        if feeds:
            hidden = self.bound.combine(slices.get("readout"), hidden, context)
            if "output_factors" in slices:
                hidden = hidden * ops.cast(slices["output_factors"], hidden.dtype)
        carried = [hidden, *past] if feeds else past
        return [hidden, weights, context], join_states(step.states.values()) + carried

    def _attend(self, query: Tensor, past: State) -> tuple[Tensor, Tensor, State]:
        attention = self.decoder.attention_mechanism
        if past or not self.rows_are_sources:
            return attention.attend(query, self.prepared, past)
        # As a target of one position: that there are no beams is known, and needs no arithmetic.
        context, weights, past = attention.attend(ops.expand_dims(query, 1), self.prepared, past)
        return ops.squeeze(context, 1), ops.squeeze(weights, 1), past


def _fed(
    slices: dict[str, Tensor], output: Tensor | None, shared: SharedStates | None
) -> Tensor | None:
    """What the lowest cell is fed in the loop; what rows may share of it is told apart."""
    if "inputs" not in slices:
        return output
    if output is None or shared is not None:
        return slices["inputs"]
    return join_fed(slices["inputs"], output)
