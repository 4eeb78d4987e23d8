import abc
from typing import Any

import keras
from keras import ops

from kerasseq.typing import Tensor


class SelfCastingLayer(keras.layers.Layer, abc.ABC):
    """A layer that says itself where half precision is used: Keras' autocast is off.

    Products run in the compute dtype; states, masks, softmax and biases of gates stay in float32,
    and Keras would round them on the way in. Besides, methods other than `call` run without its
    autocast, so what it casts in `call` would differ from what they read.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})

    def add_weight(self, *arguments: Any, **options: Any) -> Any:
        # Keras rounds the weights of a layer of mixed precision although its autocast is off.
        return super().add_weight(*arguments, **{"autocast": False, **options})

    @property
    def part_options(self) -> dict[str, Any]:
        """The arguments that layers within this one share with it.

        A layer that was frozen and saved makes them anew, and they must stay frozen.
        """
        frozen = {} if self.trainable else {"trainable": False}
        return {"dtype": self.dtype_policy, **frozen}

    def _read(self, weight: Any) -> Tensor:
        """The weight in the compute dtype."""
        return ops.cast(weight, self.compute_dtype)
