from collections.abc import Sequence
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.layers.bridges.bridge import sizes_of
from kerasseq.layers.bridges.projecting_bridge import ProjectingBridge
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor

DIRECTIONS = ("both", "forward", "backward")


@register
class DenseBridge(ProjectingBridge):
    """A learnt transform of the encoder's last state: `tanh(W [e_1; ...; e_n] + b)`.

    All tensors of the encoder's state are joined, and each of the decoder's is made from all of
    them: so any encoder fits any decoder.

    Args:
        units: size of the decoder's cells.
        cell: the decoder's cell.
        num_layers: the decoder's layers.
        activation: name of the activation, `None` for a linear map.
        direction: which half to read of the state of an encoder that reads both ways in every
            layer. `"both"`, or any encoder: all of it. `"backward"`: where the right-to-left cells
            ended, at the first word, as in Bahdanau et al. 2015. `"forward"`: the other half.

    See `Bridge` for calls.

    Raises:
        ValueError: if one half is to be read of a state of an odd size. That the halves are the
            two directions is not seen here; `kerasseq.models.build` looks at the encoder.

    Example:

    >>> import keras
    >>> state = [keras.ops.ones((2, 6)), keras.ops.ones((2, 6))]
    >>> [tuple(tensor.shape) for tensor in DenseBridge(8, cell="gru", num_layers=2)(state)]
    [(2, 8), (2, 8)]

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015, appendix A.2.2.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        activation: Any = "tanh",
        direction: str = "both",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, cell, num_layers, activation, **kwargs)
        checks.check_one_of("direction", direction, DIRECTIONS)
        self.direction = direction

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "direction": self.direction}

    def _summary_size(self, state_shape: Sequence[Shape], memory_shape: Shape | None) -> int:
        sizes = sizes_of(state_shape)
        if self.direction == "both":
            return sum(sizes)
        if any(size % 2 for size in sizes):
            raise ValueError(
                f"`direction={self.direction!r}` needs the state of an encoder that reads both "
                f"ways, with an even size. Received: {sizes}. Use `direction='both'`."
            )
        return sum(sizes) // 2

    def _summarize(self, state: State, memory: Tensor | None, memory_mask: Tensor | None) -> Tensor:
        parts = [ops.cast(tensor, "float32") for tensor in state]
        if self.direction != "both":
            half = DIRECTIONS.index(self.direction) - 1
            parts = [ops.split(part, 2, axis=-1)[half] for part in parts]
        return ops.concatenate(parts, axis=-1)
