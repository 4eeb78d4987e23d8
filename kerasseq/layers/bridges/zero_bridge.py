from collections.abc import Sequence

from keras import ops

from kerasseq.layers.bridges.bridge import Bridge
from kerasseq.layers.input_shapes import check_state
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor


@register
class ZeroBridge(Bridge):
    """Starts the decoder from zeros, whatever the encoder ended with.

    For decoders whose attention tells them all they need of the source.

    See `Bridge` for arguments and calls.

    Example:

    >>> import keras
    >>> state = ZeroBridge(8, cell="gru", num_layers=2)([keras.ops.ones((2, 6))])
    >>> [tuple(tensor.shape) for tensor in state]
    [(2, 8), (2, 8)]

    Reference:
        Luong et al., Neural Machine Translation (seq2seq) Tutorial, 2017.
    """

    def build(
        self,
        state_shape: Sequence[Shape],
        memory_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        check_state(self, "state", state_shape)
        self.built = True

    def call(
        self, state: State, memory: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> State:
        batch = ops.shape(state[0])[0]
        return [ops.zeros((batch, size), "float32") for size in self.state_sizes]
