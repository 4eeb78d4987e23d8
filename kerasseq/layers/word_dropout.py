from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.dropout import make_generator
from kerasseq.layers.input_shapes import is_float
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.serialization import register
from kerasseq.typing import Tensor


@register
class WordDropout(SelfCastingLayer):
    """Replaces tokens by the unknown token at random, in training, anew at every call.

    For little data: on the source, no answer rests on one word; on the target, the decoder cannot
    trust the last word alone. It stands between the token ids and their embedding.

    Args:
        rate: share of the tokens that are replaced.
        unknown_id: what they are replaced by.
        keep_ids: token ids that stay as they are: padding, start and end.
        seed: seed of the choice.

    Call arguments:
        token_ids: `(batch, length)` integers.
        training: whether to replace.

    Returns:
        Integers of the shape and dtype of `token_ids`.

    Raises:
        ValueError: if an argument is out of range.
        TypeError: if the token ids are not integers.

    Example:

    >>> token_ids = keras.ops.convert_to_tensor([[5, 6, 7, 3, 0]])
    >>> WordDropout(0.999, seed=1)(token_ids, training=True).numpy().tolist()
    [[1, 1, 1, 3, 0]]

    Reference:
        Iyyer et al., Deep Unordered Composition Rivals Syntactic Methods for Text Classification,
        2015; Bowman et al., Generating Sentences from a Continuous Space, 2016.
    """

    def __init__(
        self,
        rate: float,
        unknown_id: int = 1,
        keep_ids: Sequence[int] = (0, 2, 3),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.check_rate("rate", rate)
        if not isinstance(keep_ids, Sequence) or isinstance(keep_ids, str):
            raise TypeError(f"`keep_ids` must be a list of token ids. Received: {keep_ids!r}.")
        checks.check_integer("unknown_id", unknown_id, minimum=0)
        for index, token_id in enumerate(keep_ids):
            checks.check_integer(f"keep_ids[{index}]", token_id, minimum=0)
        self.rate = rate
        self.unknown_id = unknown_id
        self.keep_ids = tuple(keep_ids)
        self.seed = seed
        self.seed_generator = make_generator(seed)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "unknown_id": self.unknown_id,
            "keep_ids": list(self.keep_ids),
            "seed": self.seed,
        }

    def call(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        if is_float(token_ids):
            raise TypeError(
                "`token_ids` of `WordDropout` must be integers. Received: dtype "
                f"{token_ids.dtype}. It stands before the embedding."
            )
        if not training or self.rate == 0:
            return token_ids
        draws = keras.random.uniform(
            ops.shape(token_ids), dtype="float32", seed=self.seed_generator
        )
        replace = draws < self.rate
        for token_id in self.keep_ids:
            replace = ops.logical_and(replace, ops.not_equal(token_ids, token_id))
        unknown = ops.cast(self.unknown_id, token_ids.dtype)
        return ops.where(replace, unknown, token_ids)

    def compute_output_spec(self, token_ids: Tensor, training: bool | None = None) -> Any:
        return keras.KerasTensor(token_ids.shape, dtype=token_ids.dtype)
