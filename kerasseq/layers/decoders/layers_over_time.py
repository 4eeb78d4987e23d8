"""Layers of a decoder that wait for nothing of their own step: each runs in a loop of its own."""

from typing import TYPE_CHECKING

from kerasseq.layers.cells.cell_stack import climb
from kerasseq.layers.cells.run_over_time import run_over_time
from kerasseq.layers.decoders.factors import DecoderFactors
from kerasseq.typing import State, Tensor

if TYPE_CHECKING:
    from kerasseq.layers.decoders.stacked_decoder import StackedDecoder


def run_layers(
    decoder: "StackedDecoder",
    layers: range,
    below: Tensor,
    states: list[State],
    factors: DecoderFactors,
    context: Tensor | None = None,
    constant: Tensor | None = None,
) -> Tensor:
    """Runs layers over a whole target, one above the other, and replaces their states.

    Args:
        decoder: whose layers run.
        layers: their indices.
        below: `(target_length, batch, size)`, what the first of them reads.
        states: of all layers.
        factors: the dropout of the call.
        context: `(target_length, batch, memory_size)`, what each reads too.
        constant: `(batch, size)`, what the lowest layer of the decoder reads at every step.

    Returns:
        `(target_length, batch, units)`; what is below, if there are no layers.
    """

    def run_layer(layer: int, inputs: Tensor) -> Tensor:
        outputs, states[layer] = run_over_time(
            decoder.cells[layer],
            inputs,
            states[layer],
            recurrent_dropout=factors.recurrent[layer],
            training=factors.training,
            constant=constant if layer == 0 else None,
        )
        return outputs

    return climb(run_layer, layers, below, factors.inputs, decoder.residual_from, context)
