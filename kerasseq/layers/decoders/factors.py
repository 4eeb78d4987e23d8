"""The dropout of a recurrent decoder, drawn before its loop."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

from kerasseq.layers.cells.recurrent_cell import RecurrentCell
from kerasseq.layers.dropout import draw_factors
from kerasseq.typing import Tensor


class DecoderFactors(NamedTuple):
    """What is multiplied where something drops; nothing where nothing does.

    recurrent: for each cell `(batch, units)` on its hidden state, or `None`.
    inputs: by layer `(target_length, batch, units)` on what it reads of the layer below.
    output: `(target_length, batch, output_size)` on the output, or `None`.
    training: whether gradients will be wanted.
    """

    recurrent: list[Tensor | None]
    inputs: dict[int, Tensor]
    output: Tensor | None
    training: bool | None = False


def no_factors(num_cells: int) -> DecoderFactors:
    """Returns what drops nothing."""
    return DecoderFactors([None] * num_cells, {}, None)


def draw_decoder_factors(
    decoder: Any,
    inputs: Tensor,
    cells: Sequence[RecurrentCell],
    output_size: int,
    training: bool | None,
) -> DecoderFactors:
    """Draws the dropout of a decoder for a whole target.

    Args:
        decoder: what says the rates, the number of layers and the seed.
        inputs: `(batch, target_length, input_size)`, for its shape.
        cells: all cells, those of the layers first.
        output_size: size of the output.
        training: nothing is dropped unless it is `True`.
    """
    batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
    seed = decoder.seed_generator

    def draw(rate: float, *shape: Any) -> Tensor | None:
        return draw_factors(shape, rate, seed, training)

    recurrent = [draw(decoder.recurrent_dropout, batch, cell.units) for cell in cells]
    between = {
        layer: draw(decoder.dropout, length, batch, decoder.units)
        for layer in range(1, decoder.num_layers)
    }
    output = draw(decoder.dropout, length, batch, output_size)
    drawn = {layer: each for layer, each in between.items() if each is not None}
    return DecoderFactors(recurrent, drawn, output, training)
