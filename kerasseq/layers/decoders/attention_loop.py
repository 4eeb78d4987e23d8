"""The loop of a decoder with attention over a whole target, and what runs before and after."""

from typing import TYPE_CHECKING

from keras import ops

from kerasseq.layers.cells.cell_stack import is_residual, join_states, split_state
from kerasseq.layers.decoders.attention_step import AttentionStep, bind_layers
from kerasseq.layers.decoders.factors import DecoderFactors
from kerasseq.layers.decoders.layers_over_time import run_layers
from kerasseq.layers.recurrence import scan
from kerasseq.typing import State, Tensor

if TYPE_CHECKING:
    from kerasseq.layers.decoders.attention_decoder import AttentionDecoder


class AttentionLoop:
    """A decoder bound to a source and to the dropout of a call.

    Args:
        decoder: whose layers run.
        prepared: what its `prepare` gave.
        factors: its dropout.
    """

    def __init__(
        self, decoder: "AttentionDecoder", prepared: list[Tensor], factors: DecoderFactors
    ) -> None:
        self.decoder = decoder
        self.prepared = prepared
        self.factors = factors

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
        return self.decoder.bind_readout()(readout.project(inputs), hidden, context)

    def _run_layers(
        self, layers: range, below: Tensor, states: list[State], context: Tensor | None = None
    ) -> Tensor:
        return run_layers(self.decoder, layers, below, states, self.factors, context)

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
        bound = bind_layers(decoder, layers, known_size, self.factors)
        at_step = AttentionStep(decoder, self.prepared, bound, rows_are_sources=True)
        memory, mask = self.prepared[:2]
        size = decoder.output_size if decoder.input_feeding else decoder.units
        templates = [ops.zeros((ops.shape(memory)[0], size), decoder.compute_dtype)]
        templates.append(ops.cast(mask, "float32"))
        above = layers.stop < decoder.num_layers
        if not decoder.input_feeding and (above or decoder.readout_layer.reads_context):
            templates.append(ops.zeros((ops.shape(memory)[0], memory.shape[-1]), memory.dtype))

        def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
            outputs, state = at_step.run(dict(zip(sequences, slices, strict=True)), state)
            kept = [
                ops.cast(output, template.dtype)
                for output, template in zip(outputs, templates, strict=False)
            ]
            return kept, state

        return scan(
            step, list(sequences.values()), state, templates, training=self.factors.training
        )


def time_first(sequence: Tensor) -> Tensor:
    """Swaps the axes of batch and time, in either direction."""
    return ops.transpose(sequence, (1, 0, 2))
