from typing import Any

from keras import ops

from kerasseq.layers.cells.cell_stack import keep_pattern, make_cells, serialize_cell
from kerasseq.layers.cells.recurrent_cell import (
    CellStep,
    RecurrentCell,
    join_columns,
    join_constant,
)
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class ResidualCell(RecurrentCell):
    """Adds its input to the output of the cell inside: `output = cell(x) + x`.

    For stacks in which every layer does so; `residual_from` of encoders and decoders does it from
    a chosen layer on, at less cost. The state is that of the cell inside.

    Args:
        units: size of the output and of each state tensor; the input must have as many columns.
        cell: `"lstm"`, `"gru"`, another name or config of the family, or a `RecurrentCell`.

    See `RecurrentCell` for calls.

    Raises:
        ValueError: if the input has another size than `units`.

    Example:

    >>> import keras
    >>> cell = ResidualCell(4, cell="gru")
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> bool(keras.ops.all(output == state[0] + 1))
    True

    Reference:
        Wu et al., Google's Neural Machine Translation System, 2016.
    """

    cell: Any

    def __init__(self, units: int, cell: Any = "lstm", **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        keep_pattern(self, cell)
        self.inner_cell = make_cells(cell, units, 1, "inner_cell", self.part_options)[0]
        self.state_names = self.inner_cell.state_names
        self.drops_state = self.inner_cell.drops_state

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": serialize_cell(self.cell)}

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return self.inner_cell.state_sizes

    def build(self, inputs_shape: Shape, state_shape: Any = None) -> None:
        if inputs_shape[-1] != self.units:
            raise ValueError(
                "`ResidualCell` needs an input as wide as its output. Received: input "
                f"{inputs_shape[-1]}, output {self.units}. A lowest cell may be plain: see "
                "`residual_from` of encoders and decoders."
            )
        if not self.inner_cell.built:
            self.inner_cell.build(inputs_shape)
        self.built = True

    def project(self, inputs: Tensor, constant: Tensor | None = None) -> Tensor:
        """Joins the projection of the cell inside and the input itself."""
        projected = self.inner_cell.project(inputs, constant)
        known = ops.cast(join_constant(inputs, constant), projected.dtype)
        return ops.concatenate([projected, known], axis=-1)

    def bind(self, known_size: int, recurrent_dropout: Tensor | None = None) -> CellStep:
        inner_step = self.inner_cell.bind(known_size, recurrent_dropout)

        def step(projected: Tensor, fed: Tensor | None, state: State) -> tuple[Tensor, State]:
            size = projected.shape[-1] - known_size
            inputs = ops.cast(projected[..., size:], "float32")
            if fed is not None:
                inputs = join_columns(inputs, fed)
            output, state = inner_step(projected[..., :size], fed, state)
            return output + inputs, state

        return step
