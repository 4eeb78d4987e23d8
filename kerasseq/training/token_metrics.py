import abc
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.training.token_statistics import (
    check_label_shape,
    flat_labels,
    flat_logits,
    label_margins,
    negative_log_likelihoods,
    real_tokens,
)
from kerasseq.typing import Tensor


class TokenMetric(keras.metrics.Metric, abc.ABC):
    """The contract of a metric over tokens: a sum, divided by a count, over all batches.

    A token counts when its label is not `pad_id` and its sample weight, if any, is above 0. The
    size of a weight plays no part: the weights of a `training_dataset` are scaled for each batch,
    and a mean over them would depend on how sentences fell into batches. It makes no difference
    whether a metric stands in `metrics` or in `weighted_metrics`.

    Args:
        pad_id: the label of padding.
        name: the key in the logs.
    """

    # Keras' `mode="auto"` asks this attribute whether more is better.
    _direction = "up"

    def __init__(self, pad_id: int = 0, name: str = "token_metric") -> None:
        super().__init__(name=name, dtype="float32")
        checks.check_integer("pad_id", pad_id, minimum=0)
        self.pad_id = pad_id
        self.total = self.add_variable((), "zeros", dtype="float32", name="total")
        self.count = self.add_variable((), "zeros", dtype="float32", name="count")

    def update_state(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> None:
        labels, logits = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        check_label_shape(type(self).__name__, labels, logits)
        values, counts = self.measure(
            labels, logits, real_tokens(labels, sample_weight, self.pad_id)
        )
        values = ops.where(counts, ops.cast(values, "float32"), 0.0)
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(ops.sum(ops.cast(counts, "float32")))

    @abc.abstractmethod
    def measure(self, labels: Tensor, logits: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Returns values to add up and which of them count, both of one shape.

        Args:
            labels: `(batch, target_length)` integers.
            logits: `(batch, target_length, vocabulary_size)`.
            real: `(batch, target_length)` boolean, the tokens that count.
        """

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.total, self.count)

    def get_config(self) -> dict[str, Any]:
        return {"pad_id": self.pad_id, "name": self.name}


@register
class TokenAccuracy(TokenMetric):
    """The share of tokens that the network would have chosen itself, given the right ones before.

    A token is right when no logit is larger than its own, so a tie counts as right; with
    bfloat16 logits ties are not rare.

    Args:
        pad_id: the label of padding.
        name: the key in the logs.

    Call arguments:
        y_true: labels, `(batch, target_length)` integers.
        y_pred: logits, `(batch, target_length, vocabulary_size)`.
        sample_weight: `None`, `(batch, target_length)` or `(batch,)`; 0 leaves out.

    Returns:
        A scalar in [0, 1], 0 when nothing was counted.

    Raises:
        ValueError: if labels do not fit the logits.

    Example:

    >>> metric = TokenAccuracy()
    >>> logits = keras.ops.convert_to_tensor([[[0.0, 1.0, 2.0], [0.0, 2.0, 1.0], [9.0, 0.0, 0.0]]])
    >>> float(metric(keras.ops.convert_to_tensor([[2, 2, 0]]), logits))
    0.5
    """

    def __init__(self, pad_id: int = 0, name: str = "token_accuracy") -> None:
        super().__init__(pad_id, name)

    def measure(self, labels: Tensor, logits: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        return right_tokens(labels, logits), real


@register
class SequenceAccuracy(TokenMetric):
    """The share of sequences whose tokens are all right, given the right ones before.

    The strictest of the cheap metrics; exact match of free-running translations is what
    `TranslationMetrics` measures. A sequence in which no token counts does not count either.

    Args:
        pad_id: the label of padding.
        name: the key in the logs.

    Call arguments:
        y_true: labels, `(batch, target_length)` integers.
        y_pred: logits, `(batch, target_length, vocabulary_size)`.
        sample_weight: `None`, `(batch, target_length)` or `(batch,)`; 0 leaves out.

    Returns:
        A scalar in [0, 1], 0 when nothing was counted.

    Raises:
        ValueError: if labels do not fit the logits.

    Example:

    >>> metric = SequenceAccuracy()
    >>> logits = keras.ops.convert_to_tensor([[[0.0, 1.0, 2.0]], [[0.0, 2.0, 1.0]]])
    >>> float(metric(keras.ops.convert_to_tensor([[2], [2]]), logits))
    0.5
    """

    def __init__(self, pad_id: int = 0, name: str = "sequence_accuracy") -> None:
        super().__init__(pad_id, name)

    def measure(self, labels: Tensor, logits: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        right = ops.logical_or(right_tokens(labels, logits), ops.logical_not(real))
        return ops.all(right, axis=-1), ops.any(real, axis=-1)  # (batch,)


@register
class Perplexity(TokenMetric):
    """exp of the mean of -log p(token), without label smoothing.

    Among how many equally likely tokens the network hesitates. Its logarithm is the exact mean
    loss over the tokens of all batches; Keras' own `loss` in the logs is smoothed, and averages
    batches by their rows.

    Args:
        pad_id: the label of padding.
        name: the key in the logs.

    Call arguments:
        y_true: labels, `(batch, target_length)` integers.
        y_pred: logits, `(batch, target_length, vocabulary_size)`.
        sample_weight: `None`, `(batch, target_length)` or `(batch,)`; 0 leaves out.

    Returns:
        A scalar of at least 1, and 1 when nothing was counted.

    Raises:
        ValueError: if labels do not fit the logits.

    Example:

    >>> metric = Perplexity()
    >>> float(metric(keras.ops.convert_to_tensor([[1, 3]]), keras.ops.zeros((1, 2, 4))))
    4.0
    """

    _direction = "down"

    def __init__(self, pad_id: int = 0, name: str = "perplexity") -> None:
        super().__init__(pad_id, name)

    def measure(self, labels: Tensor, logits: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        flat = flat_logits(logits)
        margins = label_margins(flat_labels(labels), flat)
        values = negative_log_likelihoods(margins, ops.softmax(flat))
        return ops.reshape(values, ops.shape(labels)), real

    def result(self) -> Tensor:
        return ops.exp(super().result())


def right_tokens(labels: Tensor, logits: Tensor) -> Tensor:
    """Returns whether the label's logit is the maximum, `(batch, target_length)` boolean."""
    margins = label_margins(flat_labels(labels), flat_logits(logits))
    return ops.reshape(ops.equal(margins, 0.0), ops.shape(labels))
