"""The loop of a decoder without attention over a whole target, and one step of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from keras import ops

from kerasseq.layers.cells.cell_stack import bind_fed, climb, join_states, split_state
from kerasseq.layers.cells.recurrent_cell import join_constant
from kerasseq.layers.decoders.factors import DecoderFactors
from kerasseq.layers.decoders.layers_over_time import run_layers
from kerasseq.layers.decoders.readouts import Combine
from kerasseq.typing import SharedStates, State, Tensor

if TYPE_CHECKING:
    from kerasseq.layers.decoders.recurrent_decoder import RecurrentDecoder


class BoundStack(NamedTuple):
    """The cells and the readout, their weights read once for many steps."""

    steps: list[Callable[..., tuple[Tensor, State]]]
    combine: Combine


def bind_stack(decoder: "RecurrentDecoder") -> BoundStack:
    """Reads the weights of a decoder's layers."""
    return BoundStack([bind_fed(cell) for cell in decoder.cells], decoder.bind_readout())


def run_step(
    decoder: "RecurrentDecoder",
    bound: BoundStack,
    inputs: Tensor,
    state: State,
    shared: SharedStates | None = None,
) -> tuple[Tensor, State]:
    """Runs one step.

    Args:
        decoder: whose layers run.
        bound: its layers, bound.
        inputs: `(rows, input_size)`.
        state: the cells' states, and the context if it is read at every step.
        shared: which rows continue equal states, if any do.

    Returns:
        `(outputs, state)`.
    """
    sharing: dict[str, Any] = {} if shared is None else {"shared": shared}
    states, context = _split(decoder, state)

    def run_layer(layer: int, below: Tensor) -> Tensor:
        above, states[layer] = bound.steps[layer](below, states[layer], **sharing)
        return above

    hidden = run_layer(0, join_constant(inputs, context))
    hidden = climb(run_layer, range(1, decoder.num_layers), hidden, {}, decoder.residual_from)
    outputs = _read_out(decoder, bound.combine, inputs, hidden, context)
    return outputs, _join(states, context)


def run_target(
    decoder: "RecurrentDecoder", inputs: Tensor, state: State, factors: DecoderFactors
) -> tuple[Tensor, State]:
    """Runs a whole target, each layer in a loop of its own.

    Args:
        decoder: whose layers run.
        inputs: `(batch, target_length, input_size)`.
        state: from the decoder's `start`.
        factors: the dropout of the call.

    Returns:
        `(outputs, state)`, batch first.
    """
    states, context = _split(decoder, state)
    steps = ops.transpose(inputs, (1, 0, 2))  # (target_length, batch, input_size)
    layers = range(decoder.num_layers)
    hidden = run_layers(decoder, layers, steps, states, factors, constant=context)
    outputs = _read_out(decoder, decoder.bind_readout(), steps, hidden, context)
    if factors.output is not None:
        outputs = outputs * ops.cast(factors.output, outputs.dtype)
    return ops.transpose(outputs, (1, 0, 2)), _join(states, context)


def _split(decoder: "RecurrentDecoder", state: State) -> tuple[list[State], Tensor | None]:
    """The state of each layer, and the context if it is read at every step."""
    return split_state(decoder.cells, state), state[-1] if decoder.reads_context else None


def _join(states: list[State], context: Tensor | None) -> State:
    return join_states(states) + ([] if context is None else [context])


def _read_out(
    decoder: "RecurrentDecoder",
    combine: Combine,
    inputs: Tensor,
    hidden: Tensor,
    context: Tensor | None,
) -> Tensor:
    if context is not None:
        shape = (*ops.shape(hidden)[:-1], context.shape[-1])
        context = ops.broadcast_to(context, shape)
    return combine(decoder.readout_layer.project(inputs), hidden, context)
