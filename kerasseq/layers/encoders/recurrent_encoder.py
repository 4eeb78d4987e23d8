from typing import Any

from kerasseq import checks
from kerasseq.layers.cells.cell_stack import check_residual_from, climb, is_residual
from kerasseq.layers.encoders.directions import run_directions
from kerasseq.layers.encoders.stacked_encoder import StackedEncoder, time_first
from kerasseq.layers.input_shapes import check_sequence
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class RecurrentEncoder(StackedEncoder):
    """Reads the source with recurrent cells: in one direction or both, in one layer or several.

    The input products of all steps are one matrix product before each loop.

    Args:
        units: size of the cells' state, in each direction.
        cell: `"lstm"`, `"gru"`, another name or config of the family, a `RecurrentCell`, or a
            cell of Keras.
        num_layers: cells above one another.
        bidirectional: `True` reads every layer in both directions, `"first"` only the lowest
            (Wu et al. 2016); the outputs and states of the two directions are concatenated.
        input_dropout: share of the inputs that is dropped in training.
        dropout: share dropped between the layers, so none with one layer.
        output_dropout: share of the memory that is dropped in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        residual_from: the first layer, counted from 0, that adds its input to its output; `None`
            for none. Its input must be as wide as its output.
        seed: seed of the dropout.

    See `Encoder` for calls. `memory_size` is `units`, or twice that where the top layer reads both
    ways.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> encoder = RecurrentEncoder(8, cell="lstm", bidirectional=True)
    >>> memory, state = encoder(keras.ops.ones((2, 5, 4)))
    >>> tuple(memory.shape), [tuple(tensor.shape) for tensor in state]
    ((2, 5, 16), [(2, 16), (2, 16)])

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        bidirectional: bool | str = False,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        output_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        residual_from: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        checks.check_one_of("bidirectional", bidirectional, (True, False, "first"))
        super().__init__(
            units,
            cell,
            num_layers,
            bidirectional,
            input_dropout=input_dropout,
            dropout=dropout,
            output_dropout=output_dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )
        check_residual_from(residual_from, num_layers, minimum=0)
        self.residual_from = residual_from

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "residual_from": self.residual_from}

    def build(self, inputs_shape: Shape) -> None:
        check_sequence(self, "inputs", inputs_shape)
        width = inputs_shape[-1]
        for index in range(self.num_layers):
            self._build_cells(index, width)
            if is_residual(index, self.residual_from) and width != self._width(index):
                raise ValueError(
                    "A residual layer needs an input as wide as its output. Received: layer "
                    f"{index} with input {width} and output {self._width(index)}. "
                    f"Use `residual_from={index + 1}` or other `units`."
                )
            width = self._width(index)
        self.built = True

    def call(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        steps, steps_mask = self._first_steps(inputs, training), time_first(mask)
        draw = self._draw_from(inputs, training)
        state: State = []

        def run_layer(layer: int, below: Tensor) -> Tensor:
            if layer > 0:
                below = self._drop(below, self.dropout, training)
            above, layer_state = run_directions(
                self._cells(layer), below, steps_mask, draw, training
            )
            state.extend(layer_state)
            return above

        steps = climb(run_layer, range(self.num_layers), steps, {}, self.residual_from)
        return self._memory(steps, mask, training), state
