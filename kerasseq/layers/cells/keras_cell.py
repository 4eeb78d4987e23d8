import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.recurrent_cell import (
    CellStep,
    RecurrentCell,
    join_columns,
    join_constant,
)
from kerasseq.layers.given_layers import serialize_alone
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor

logger = logging.getLogger(__name__)


@register
class KerasCell(RecurrentCell):
    """Any cell of Keras, or of your own in Keras' form: `cell(inputs, states)`.

    This is the slow path: nothing of such a cell can leave the loop over time, so its input
    product is computed step by step, and its weights are read at every step. Where a cell of this
    package computes the same (`"lstm"`, `"gru"`, `"simple"`), take that. An encoder or decoder that
    is given a Keras cell as `cell` wraps it in this class.

    Args:
        units: size of the cell's output.
        cell: a layer with `state_size`, called as `cell(inputs, states)`, which returns
            `(output, states)`, or its config. Dropout within it is not taken, since Keras keeps
            the factors on the cell.

    See `RecurrentCell` for calls. The state is the cell's own.

    Raises:
        TypeError: if `cell` is not such a layer.
        ValueError: if its output is of another size than `units`, its states are nested, or it
            drops.

    Example:

    >>> cell = KerasCell(8, cell=keras.layers.GRUCell(8))
    >>> output, state = cell(keras.ops.ones((2, 4)), cell.initial_state(2))
    >>> tuple(output.shape), len(state)
    ((2, 8), 1)
    """

    drops_state = False

    def __init__(self, units: int, cell: Any, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        if isinstance(cell, Mapping) and "class_name" in cell:
            # Within a plain config a saved file has it so.
            cell = keras.saving.deserialize_keras_object(dict(cell))
        if not is_keras_cell(cell):
            raise TypeError(
                "`cell` must be a Keras layer with a `state_size`, such as `keras.layers.GRUCell`. "
                f"Received: {cell!r}."
            )
        self.cell = cell
        if not self.trainable:
            cell.trainable = False
        self.sizes = _state_sizes(cell)
        self.state_names = tuple(f"state_{index}" for index in range(len(self.sizes)))
        _check_output_size(cell, units, self.sizes)
        _check_dropout(cell)
        _say_slow(type(cell).__name__)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": serialize_alone(self.cell)}

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return self.sizes

    def build(self, inputs_shape: Shape, state_shape: Any = None) -> None:
        if not self.cell.built:
            self.cell.build(inputs_shape)
            self.cell.built = True
        self.built = True

    def initial_state(self, rows: Tensor) -> State:
        """Returns what the cell starts from when nothing is given: its own choice, or zeros."""
        own = getattr(self.cell, "get_initial_state", None)
        if own is None:
            return super().initial_state(rows)
        return [ops.cast(each, "float32") for each in keras.tree.flatten(own(batch_size=rows))]

    def project(self, inputs: Tensor, constant: Tensor | None = None) -> Tensor:
        return ops.cast(join_constant(inputs, constant), self.compute_dtype)

    def bind(self, known_size: int, recurrent_dropout: Tensor | None = None) -> CellStep:
        if recurrent_dropout is not None:
            raise ValueError("`recurrent_dropout` must be `None` with a cell of Keras.")

        def step(projected: Tensor, fed: Tensor | None, state: State) -> tuple[Tensor, State]:
            inputs = projected if fed is None else join_columns(projected, fed)
            output, state = self.cell(inputs, state)
            flat = keras.tree.flatten(state)
            return ops.cast(output, "float32"), [ops.cast(each, "float32") for each in flat]

        return step


def is_keras_cell(value: Any) -> bool:
    """Whether `value` is a cell in Keras' form, not of this package."""
    is_layer = isinstance(value, keras.layers.Layer) and not isinstance(value, RecurrentCell)
    return is_layer and hasattr(value, "state_size")


def _state_sizes(cell: Any) -> tuple[int, ...]:
    sizes = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
    if not all(isinstance(size, int) for size in sizes):
        raise ValueError(
            f"`cell` must have states that are vectors. Received: `state_size={cell.state_size}`. "
            "Use `num_layers` for cells above one another."
        )
    return tuple(sizes)


def _check_output_size(cell: Any, units: int, sizes: tuple[int, ...]) -> None:
    size = getattr(cell, "output_size", None) or sizes[0]
    if size != units:
        raise ValueError(
            "`cell` must have the `units` of the layer it stands in. "
            f"Received: a cell of {size} units in a layer of {units}."
        )


def _check_dropout(cell: Any) -> None:
    for argument in ("dropout", "recurrent_dropout"):
        rate = getattr(cell, argument, 0)
        if rate:
            raise ValueError(
                f"`cell` must not drop by itself: Keras keeps the factors on the cell. Received: "
                f"`{argument}={rate}`. Use the dropout of the encoder or decoder."
            )


@cache
def _say_slow(name: str) -> None:
    logger.warning(
        "%s runs step by step, its input product included: the slow path. Where a cell of "
        "kerasseq computes the same, it is faster.",
        name,
    )
