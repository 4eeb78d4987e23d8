from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.input_shapes import is_float
from kerasseq.layers.self_casting_layer import SelfCastingLayer
from kerasseq.serialization import register
from kerasseq.typing import Shape, Tensor


@register
class TokenEmbedding(SelfCastingLayer):
    """Token ids to vectors, with the mask of what is not padding; tied, also vectors to logits.

    With `tied=True` the same table serves as the output layer: `embedding(outputs, reverse=True)`
    gives `logits = outputs E^T + b`. One embedding for source, target and output is three-way
    tied. The outputs must have `units` columns; a `Dense` layer before it projects others.

    Args:
        vocabulary_size: number of token ids.
        units: size of a vector.
        pad_id: the id of padding; its positions are masked.
        embeddings_initializer: initializer of the table. `None` draws from N(0, 1), or from
            N(0, 1 / units) if it is tied: Keras' own +-0.05 leaves the states of an LSTM so small
            at the start that attention takes epochs to begin.
        scale: multiply the vectors by sqrt(units), as in Vaswani et al. 2017.
        tied: whether the table is the output layer too, which then has a bias of its own.

    Call arguments:
        inputs: `(batch, length)` integers; in reverse `(..., units)`, the outputs of a decoder.
        reverse: whether to make logits of outputs.
        training: whether gradients are wanted.

    Returns:
        `(batch, length, units)` in the compute dtype, with a mask attached; in reverse
        `(..., vocabulary_size)` float32, without one.

    Raises:
        ValueError: if an argument is out of range, or it is called in reverse without `tied=True`
            or with vectors of another size.
        TypeError: if the token ids are not integers.

    Example:

    >>> embedding = TokenEmbedding(10, 4, tied=True)
    >>> vectors = embedding(keras.ops.convert_to_tensor([[5, 3, 0]]))
    >>> tuple(vectors.shape), tuple(embedding(vectors, reverse=True).shape)
    ((1, 3, 4), (1, 3, 10))

    Reference:
        Press & Wolf, Using the Output Embedding to Improve Language Models, 2017.
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        pad_id: int = 0,
        embeddings_initializer: Any = None,
        scale: bool = False,
        tied: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.check_positive_integer("vocabulary_size", vocabulary_size)
        checks.check_positive_integer("units", units)
        checks.check_integer("pad_id", pad_id, minimum=0, maximum=vocabulary_size - 1)
        checks.check_boolean("scale", scale)
        checks.check_boolean("tied", tied)
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.pad_id = pad_id
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.scale = scale
        self.tied = tied

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "pad_id": self.pad_id,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer)
            if self.embeddings_initializer is not None
            else None,
            "scale": self.scale,
            "tied": self.tied,
        }

    def build(self, inputs_shape: Shape) -> None:
        initializer = self.embeddings_initializer
        if initializer is None:
            initializer = keras.initializers.RandomNormal(
                stddev=self.units**-0.5 if self.tied else 1.0
            )
        self.embeddings = self.add_weight(
            (self.vocabulary_size, self.units), initializer, name="embeddings"
        )
        if self.tied:
            self.bias = self.add_weight((self.vocabulary_size,), "zeros", name="bias")
        self.built = True

    def call(self, inputs: Tensor, reverse: bool = False, training: bool | None = None) -> Tensor:
        self._check_inputs(inputs, reverse)
        if reverse:
            return self._logits(inputs)
        # Rows are taken before they are cast: a table in half precision would be a copy of it all.
        take = take_rows if training else ops.take
        vectors = take(self.embeddings, ops.cast(inputs, "int32"), axis=0)
        vectors = ops.cast(vectors, self.compute_dtype)
        return vectors * self.units**0.5 if self.scale else vectors

    def _logits(self, outputs: Tensor) -> Tensor:
        table = self._read(self.embeddings)
        rows = ops.reshape(ops.cast(outputs, self.compute_dtype), (-1, self.units))
        # The product reads the table as it lies: a transposed copy would cost more than the rest.
        # It has two axes: with a third TensorFlow finds the gradient of the table twenty times
        # slower, batch by batch.
        logits = ops.einsum("ru,vu->rv", rows, table)
        logits = ops.reshape(logits, (*ops.shape(outputs)[:-1], self.vocabulary_size))
        return ops.cast(logits, "float32") + ops.cast(self.bias, "float32")

    def _check_inputs(self, inputs: Tensor, reverse: bool) -> None:
        if not reverse:
            if is_float(inputs):
                raise TypeError(
                    "`inputs` of `TokenEmbedding` must be integers, the token ids. Received: "
                    f"dtype {inputs.dtype}. Make the input with `dtype='int32'`, or say "
                    "`reverse=True` to make logits of vectors."
                )
        elif not self.tied:
            raise ValueError(
                "`reverse=True` needs an embedding that is the output layer too. Received: "
                "`tied=False`. Make it with `tied=True`."
            )
        elif inputs.shape[-1] != self.units:
            raise ValueError(
                f"`inputs` must have `units={self.units}` columns to become logits. Received: "
                f"{inputs.shape[-1]}. Put `keras.layers.Dense({self.units})` before it."
            )

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None = None) -> Tensor | None:
        """What is not padding; none of logits, where Keras would average the loss by it."""
        return None if is_float(inputs) else ops.not_equal(inputs, self.pad_id)

    def compute_output_spec(
        self, inputs: Tensor, reverse: bool = False, training: bool | None = None
    ) -> keras.KerasTensor:
        self._check_inputs(inputs, reverse)
        if reverse:
            return keras.KerasTensor((*inputs.shape[:-1], self.vocabulary_size), dtype="float32")
        return keras.KerasTensor((*inputs.shape, self.units), dtype=self.compute_dtype)


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

    # A tensor, and not the variable: TensorFlow's eager mode would ask for its gradient apart.
    return take(ops.reshape(table, table.shape))
