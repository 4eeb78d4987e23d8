"""The loop of a decoder with attention: what stands in it, and what runs before and after."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keras import ops

from kerasseq.layers.cells.cell_stack import climb, is_residual, join_states, split_state
from kerasseq.layers.cells.run_over_time import run_over_time
from kerasseq.layers.decoders.factors import DecoderFactors
from kerasseq.layers.decoders.readouts import Combine
from kerasseq.layers.decoders.wirings import CellsAtStep, CellsInLoop, join_fed
from kerasseq.layers.recurrence import scan
from kerasseq.typing import SharedStates, State, Tensor

if TYPE_CHECKING:
    from kerasseq.layers.decoders.attention_decoder import AttentionDecoder

RunStep = Callable[..., tuple[list[Tensor], State]]
"""`run_step(slices, state, shared=None) -> ([outputs, attention_weights, context], state)`."""


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
    return BoundLayers(cells, known, decoder.readout_layer.bind())


class AttentionLoop:
    """A decoder bound to a source and to the dropout of a call.

    Args:
        decoder: whose layers run.
        prepared: what its `prepare` gave.
        factors: its dropout.
        rows_are_sources: whether it is known that no source has several beams.
        bound: all layers, bound with nothing known before the loop, for `run_step`.
    """

    def __init__(
        self,
        decoder: "AttentionDecoder",
        prepared: list[Tensor],
        factors: DecoderFactors,
        rows_are_sources: bool = False,
        bound: BoundLayers | None = None,
    ) -> None:
        self.decoder = decoder
        self.prepared = prepared
        self.factors = factors
        self.rows_are_sources = rows_are_sources
        self.bound = bound

    def run_step(
        self, inputs: Tensor, state: State, shared: SharedStates | None = None
    ) -> tuple[Tensor, State, Tensor]:
        """Runs one step, all of it: `(rows, input_size)` to `(outputs, state, weights)`."""
        decoder = self.decoder
        bound = self.bound or bind_layers(decoder, range(decoder.num_layers), 0, self.factors)
        readout_inputs = decoder.readout_layer.project(inputs)
        slices = {"projected": bound.known, "inputs": inputs, "readout": readout_inputs}
        (outputs, weights, context), state = self._make_step(bound)(slices, state, shared)
        if not decoder.input_feeding:
            outputs = bound.combine(readout_inputs, outputs, context)
        return outputs, state, weights

    def run_target(self, inputs: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        """Runs a whole target, as little of it as can be in the loop.

        Args:
            inputs: `(batch, target_length, input_size)`.
            state: from the decoder's `start`.

        Returns:
            `(outputs, state, attention_weights)`, batch first.
        """
        decoder = self.decoder
        states = split_state(decoder.cells, state)
        carried = state[len(join_states(states)) :]
        layers = range(decoder.num_layers)
        if not decoder.input_feeding:
            layers = decoder.order.layers_in_loop(decoder.attending)
        steps = time_first(inputs)
        below = self._run_layers(range(layers.start), steps, states)
        if layers:
            outputs, weights, carried = self._run_loop(layers, steps, below, states, carried)
        else:
            outputs, weights, carried = self._attend(layers.stop, inputs, below, states, carried)
        return outputs, join_states(states) + carried, weights

    def _attend(
        self, stop: int, inputs: Tensor, below: Tensor, states: list[State], past: State
    ) -> tuple[Tensor, Tensor, State]:
        """All steps of the attention at once, then the layers from `stop` on and the readout."""
        decoder = self.decoder
        hidden = time_first(below)  # (batch, target_length, units)
        context, weights, past = decoder.attention_mechanism.attend(hidden, self.prepared, past)
        if stop < decoder.num_layers:
            above = range(stop, decoder.num_layers)
            hidden = time_first(self._run_layers(above, below, states, time_first(context)))
        outputs = self._read_out(inputs, hidden, context)
        if self.factors.output is not None:
            outputs = outputs * ops.cast(time_first(self.factors.output), outputs.dtype)
        return outputs, weights, past

    def _run_loop(
        self,
        layers: range,
        steps: Tensor,
        below: Tensor,
        states: list[State],
        carried: State,
    ) -> tuple[Tensor, Tensor, State]:
        """The loop, the layers above it and the readout, time first within."""
        decoder, factors = self.decoder, self.factors
        sequences = self._sequences(layers, steps, below)
        state = join_states(states[layer] for layer in layers) + carried
        (outputs, weights, *context), state = self._scan(layers, below.shape[-1], sequences, state)
        within = split_state([decoder.cells[layer] for layer in layers], state)
        carried = state[len(join_states(within)) :]
        states[layers.start : layers.stop] = within
        if not decoder.input_feeding:
            if layers.start > 0 and is_residual(layers.start, decoder.residual_from):
                outputs = outputs + below
            above = range(layers.stop, decoder.num_layers)
            outputs = self._run_layers(above, outputs, states, *context)
            outputs = self._read_out(steps, outputs, *context)
            if factors.output is not None:
                outputs = outputs * ops.cast(factors.output, outputs.dtype)
        return time_first(outputs), time_first(weights), carried

    def _read_out(self, inputs: Tensor, hidden: Tensor, context: Tensor | None = None) -> Tensor:
        readout = self.decoder.readout_layer
        return readout.bind()(readout.project(inputs), hidden, context)

    def _run_layers(
        self, layers: range, below: Tensor, states: list[State], context: Tensor | None = None
    ) -> Tensor:
        """Runs layers over the whole target, each in a loop of its own; replaces their states."""
        decoder, factors = self.decoder, self.factors

        def run_layer(layer: int, inputs: Tensor) -> Tensor:
            outputs, states[layer] = run_over_time(
                decoder.cells[layer],
                inputs,
                states[layer],
                recurrent_dropout=factors.recurrent[layer],
                training=factors.training,
            )
            return outputs

        return climb(run_layer, layers, below, factors.inputs, decoder.residual_from, context)

    def _sequences(self, layers: range, steps: Tensor, below: Tensor) -> dict[str, Tensor]:
        """What the loop reads at each step, by name; what is not needed is left out."""
        decoder, factors = self.decoder, self.factors
        if layers.start in factors.inputs:
            below = below * ops.cast(factors.inputs[layers.start], below.dtype)
        sequences = {"projected": decoder.cells[layers.start].project(below)}
        for layer in layers[1:]:
            sequences[f"factors_{layer}"] = factors.inputs.get(layer)
        if decoder.input_feeding:
            sequences["readout"] = decoder.readout_layer.project(steps)
            sequences["output_factors"] = factors.output
        return {name: sequence for name, sequence in sequences.items() if sequence is not None}

    def _scan(
        self, layers: range, known_size: int, sequences: dict[str, Tensor], state: State
    ) -> tuple[list[Tensor], State]:
        """The loop itself: outputs and weights, and the context if anything reads it after it."""
        decoder = self.decoder
        run_step = self._make_step(bind_layers(decoder, layers, known_size, self.factors))
        memory, mask = self.prepared[:2]
        size = decoder.output_size if decoder.input_feeding else decoder.units
        templates = [ops.zeros((ops.shape(memory)[0], size), decoder.compute_dtype)]
        templates.append(ops.cast(mask, "float32"))
        above = layers.stop < decoder.num_layers
        if not decoder.input_feeding and (above or decoder.readout_layer.reads_context):
            templates.append(memory[:, 0])

        def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
            outputs, state = run_step(dict(zip(sequences, slices, strict=True)), state)
            kept = [
                ops.cast(output, template.dtype)
                for output, template in zip(outputs, templates, strict=False)
            ]
            return kept, state

        return scan(
            step, list(sequences.values()), state, templates, training=self.factors.training
        )

    def _attend_at_step(self, query: Tensor, past: State) -> tuple[Tensor, Tensor, State]:
        attention = self.decoder.attention_mechanism
        if past or not self.rows_are_sources:
            return attention.attend(query, self.prepared, past)
        # As a target of one position: that there are no beams is known, and needs no arithmetic.
        context, weights, past = attention.attend(ops.expand_dims(query, 1), self.prepared, past)
        return ops.squeeze(context, 1), ops.squeeze(weights, 1), past

    def _make_step(self, bound: BoundLayers) -> RunStep:
        """Returns a step of the layers in the loop."""
        decoder, cells = self.decoder, bound.cells
        within = [decoder.cells[layer] for layer in cells.layers]
        combine = bound.combine if decoder.input_feeding else None

        def run_step(
            slices: dict[str, Tensor], state: State, shared: SharedStates | None = None
        ) -> tuple[list[Tensor], State]:
            states = split_state(within, state)
            carried = state[len(join_states(states)) :]
            fed, past = (carried[0], carried[1:]) if combine is not None else (None, carried)
            fed_back = None if shared is None else fed
            if "inputs" in slices:
                alone = fed is None or fed_back is not None
                fed = slices["inputs"] if alone else join_fed(slices["inputs"], fed)
            names = {layer: f"factors_{layer}" for layer in cells.layers}
            factors = {layer: slices[name] for layer, name in names.items() if name in slices}
            step = CellsAtStep(
                cells,
                dict(zip(cells.layers, states, strict=True)),
                slices["projected"],
                factors,
                shared,
                fed_back,
            )
            hidden, context, weights, past = decoder.order.advance(
                step, fed, past, self._attend_at_step, decoder.attending
            )
            carried = past
            if combine is not None:
                hidden = combine(slices.get("readout"), hidden, context)
                if "output_factors" in slices:
                    hidden = hidden * ops.cast(slices["output_factors"], hidden.dtype)
                carried = [hidden, *past]
            return [hidden, weights, context], join_states(step.states.values()) + carried

        return run_step


def time_first(sequence: Tensor) -> Tensor:
    """Swaps the axes of batch and time, in either direction."""
    return ops.transpose(sequence, (1, 0, 2))
