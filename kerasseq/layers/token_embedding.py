from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.typing import Shape, Tensor


@register
class TokenEmbedding(keras.layers.Layer):
    """Token ids to vectors, with the mask of what is not padding.

    Args:
        vocabulary_size: number of token ids.
        units: size of a vector.
        pad_id: the id of padding; its positions are masked.
        embeddings_initializer: initializer of the table.
        scale: multiply the vectors by sqrt(units), as in Vaswani et al. 2017.

    Call arguments:
        token_ids: `(batch, length)` integers.

    Returns:
        `(batch, length, units)` in the compute dtype, with a mask attached.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> embedding = TokenEmbedding(10, 4)
    >>> tuple(embedding(keras.ops.convert_to_tensor([[5, 3, 0]])).shape)
    (1, 3, 4)
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        pad_id: int = 0,
        embeddings_initializer: Any = "uniform",
        scale: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        checks.check_positive_integer("vocabulary_size", vocabulary_size)
        checks.check_positive_integer("units", units)
        checks.check_integer("pad_id", pad_id)
        checks.check_boolean("scale", scale)
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.pad_id = pad_id
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.scale = scale

    def build(self, token_ids_shape: Shape) -> None:
        self.embeddings = self.add_weight(
            (self.vocabulary_size, self.units), self.embeddings_initializer, name="embeddings"
        )
        self.built = True

    def call(self, token_ids: Tensor, training: bool | None = None) -> Tensor:
        # Rows are taken before they are cast: a table in half precision would be a copy of it all.
        token_ids = ops.cast(token_ids, "int32")
        take = take_rows if training else ops.take
        vectors = take(self.embeddings, token_ids, axis=0)
        vectors = ops.cast(vectors, self.compute_dtype)
        return vectors * self.units**0.5 if self.scale else vectors

    def compute_mask(self, token_ids: Tensor, previous_mask: Tensor | None = None) -> Tensor:
        return ops.not_equal(token_ids, self.pad_id)

    def compute_output_spec(
        self, token_ids: Tensor, training: bool | None = None
    ) -> keras.KerasTensor:
        return keras.KerasTensor((*token_ids.shape, self.units), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "pad_id": self.pad_id,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "scale": self.scale,
        }


def take_rows(table: Tensor, token_ids: Tensor, axis: int = 0) -> Tensor:
    """Returns the rows of `table`, with a dense gradient.

    TensorFlow's own gradient is a list of rows, in which a repeated token stands several times:
    Keras' Adam then squares the parts instead of their sum, and the gradient's norm is wrong.

    Args:
        table: `(vocabulary_size, units)`.
        token_ids: `(batch, length)` int32.
        axis: 0, as `ops.take` has it.
    """

    @ops.custom_gradient
    def take(table: Tensor) -> tuple[Tensor, Any]:
        def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> Tensor:
            upstream = arguments[0] if upstream is None else upstream
            rows = ops.reshape(upstream, (-1, table.shape[-1]))
            ids = ops.reshape(token_ids, (-1,))
            return ops.segment_sum(rows, ids, num_segments=table.shape[0])

        return ops.take(table, token_ids, axis=axis), gradient

    return take(ops.convert_to_tensor(table))
