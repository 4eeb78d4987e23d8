from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.encoders.directions import run_directions
from kerasseq.layers.encoders.stacked_encoder import StackedEncoder, time_first
from kerasseq.layers.encoders.time_reduction import reduce_mask, reduce_values, reduced_length
from kerasseq.layers.input_shapes import check_sequence
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class PyramidalEncoder(StackedEncoder):
    """Reads a long source with recurrent layers, each of which has half the steps of that below.

    For sources much longer than their targets (characters, bytes, frames of speech): attention
    has less to look through, and the upper layers less to read. Between two layers, the outputs
    of neighbouring positions are joined to one input; with `num_layers` layers the memory is
    `reduction ** (num_layers - 1)` times shorter than the source, rounded up.

    Args:
        units: size of the cells' state, in each direction.
        cell: `"lstm"`, `"gru"`, another name or config of the family, a `RecurrentCell`, or a
            cell of Keras.
        num_layers: cells above one another.
        reduction: how many positions become one between two layers.
        bidirectional: whether every layer reads in both directions.
        input_dropout: share of the inputs that is dropped in training.
        dropout: share dropped between the layers, so none with one layer.
        output_dropout: share of the memory that is dropped in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        seed: seed of the dropout.

    See `Encoder` for calls. A position of the memory is real if any that it was made of is.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> encoder = PyramidalEncoder(8, num_layers=3)
    >>> memory, state = encoder(keras.ops.ones((2, 9, 4)))
    >>> tuple(memory.shape), len(state)
    ((2, 3, 16), 6)

    Reference:
        Chan et al., Listen, Attend and Spell, 2016.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 2,
        reduction: int = 2,
        bidirectional: bool = True,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        output_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        checks.check_integer("reduction", reduction, minimum=2)
        checks.check_boolean("bidirectional", bidirectional)
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
        self.reduction = reduction

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reduction": self.reduction}

    @property
    def time_reduction(self) -> int:
        return self.reduction ** (self.num_layers - 1)

    def build(self, inputs_shape: Shape) -> None:
        check_sequence(self, "inputs", inputs_shape)
        width = inputs_shape[-1]
        for index in range(self.num_layers):
            self._build_cells(index, width)
            width = self.reduction * self._width(index)
        self.built = True

    def call(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        mask = None if mask is None else ops.cast(mask, "bool")
        steps = self._first_steps(inputs, training)
        draw = self._draw_from(inputs, training)
        state: State = []
        for layer in range(self.num_layers):
            if layer > 0:  # (reduced_length, batch, reduction * width)
                steps = self._drop(steps, self.dropout, training)
                steps = reduce_values(steps, time_first(mask), self.reduction)
                mask = None if mask is None else reduce_mask(mask, self.reduction)
            steps, layer_state = run_directions(
                self._cells(layer), steps, time_first(mask), draw, training
            )
            state.extend(layer_state)
        return self._memory(steps, mask, training), state

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> list[Any]:
        mask = previous_mask
        for _ in range(self.num_layers - 1 if mask is not None else 0):
            mask = reduce_mask(mask, self.reduction)
        return super().compute_mask(inputs, mask)

    def compute_output_spec(
        self, inputs: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> tuple[Tensor, State]:
        memory, state = super().compute_output_spec(inputs, mask, training)
        batch, length, width = memory.shape
        for _ in range(self.num_layers - 1 if length is not None else 0):
            length = reduced_length(length, self.reduction)
        return keras.KerasTensor((batch, length, width), dtype=memory.dtype), state
