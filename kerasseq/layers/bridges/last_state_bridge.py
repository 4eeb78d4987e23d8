from collections.abc import Sequence

from keras import ops

from kerasseq.layers.bridges.bridge import Bridge, sizes_of
from kerasseq.layers.input_shapes import check_state
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class LastStateBridge(Bridge):
    """Hands the encoder's last state on as it is; of a deeper encoder, that of its top layers.

    For encoder and decoder of the same cell; it has no weights.

    See `Bridge` for arguments and calls.

    Raises:
        ValueError: if the decoder has more state than the encoder, or of another size.

    Example:

    >>> import keras
    >>> state = [keras.ops.ones((2, 8)), keras.ops.ones((2, 8))]
    >>> len(LastStateBridge(8, cell="lstm")(state))
    2

    Reference:
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014.
    """

    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        check_state(self, "state", state_shape)
        sizes = sizes_of(state_shape)
        if sizes[-len(self.state_sizes) :] != self.state_sizes:
            raise ValueError(
                "`LastStateBridge` needs encoder and decoder states of equal size. Received: "
                f"encoder {sizes}, decoder {self.state_sizes}. "
                "Use `DenseBridge` to project between them."
            )
        self.built = True

    def call(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        return [ops.cast(tensor, "float32") for tensor in state[-len(self.state_sizes) :]]
