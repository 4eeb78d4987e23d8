from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.serialization import register
from kerasseq.training.tensorflow_kernels import subtract_at
from kerasseq.training.token_statistics import (
    check_label_shape,
    flat_labels,
    flat_logits,
    label_margins,
    largest,
    negative_log_likelihoods,
    per_token,
)
from kerasseq.typing import Tensor


@register
class TokenCrossentropy(keras.losses.Loss):
    """Cross-entropy of the next token, from logits and token ids, padding left out.

    The loss to compile a `SequenceToSequence` with. It costs half of Keras'
    `SparseCategoricalCrossentropy` on a CPU, smooths labels, and is computed in float32 whatever
    the precision of the network.

    The loss is a mean over real tokens. Without sample weights it takes what is real from
    `pad_id` and divides by the real tokens it sees. The sample weights of a `training_dataset`,
    mask x (positions / real tokens) of the whole batch, say the same, and stay exact when a
    `tf.distribute` strategy deals the batch out to several devices, each of which sees only its
    part: so keep them. Weights `(batch,)` scale whole sentences. A Keras mask on the logits is
    ignored, since labels and weights say what is padding.

    Args:
        label_smoothing: the share of the target distribution that is spread evenly over the whole
            vocabulary, the label and the special tokens included (so Szegedy et al. 2016). 0
            means none; 0.1 is usual.
        pad_id: the label of padding.
        reduction: as for every Keras loss; the default makes the mean over tokens. `"sum"` is
            the sum over tokens, `None` gives one value a position, 0 on padding.
        name: a name for the loss.

    Call arguments:
        y_true: labels, `(batch, target_length)` integers.
        y_pred: logits, `(batch, target_length, vocabulary_size)`.
        sample_weight: `None`, `(batch, target_length)` or `(batch,)`.

    Returns:
        A scalar, float32. The method `call` returns the unreduced `(batch, target_length)`, 0 on
        padding.

    Raises:
        ValueError: if an argument is out of range, or labels do not fit the logits.

    Example:

    >>> logits = keras.ops.log(keras.ops.convert_to_tensor([[[0.25, 0.25, 0.5], [0.8, 0.1, 0.1]]]))
    >>> float(TokenCrossentropy()(keras.ops.convert_to_tensor([[2, 0]]), logits))  # log(2)
    0.6931471824645996

    Reference:
        Szegedy et al. 2016, Rethinking the Inception Architecture for Computer Vision, section 7.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        pad_id: int = 0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "token_crossentropy",
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype="float32")
        checks.check_rate("label_smoothing", label_smoothing)
        checks.check_integer("pad_id", pad_id, minimum=0)
        self.label_smoothing = label_smoothing
        self.pad_id = pad_id

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        labels, logits = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        check_label_shape("TokenCrossentropy", labels, logits)
        weights = self._token_weights(labels, sample_weight)
        # The reshape leaves a Keras mask behind, with which Keras would average a second time,
        # and on each device for itself.
        return super().__call__(labels, ops.reshape(logits, ops.shape(logits)), weights)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        losses = smoothed_crossentropy(
            flat_labels(y_true), flat_logits(y_pred), self.label_smoothing
        )
        losses = ops.reshape(losses, ops.shape(y_true))  # (batch, target_length)
        # Not by its weight of 0 alone: a network may forbid padding with a logit of -inf.
        return ops.where(ops.equal(y_true, self.pad_id), 0.0, losses)

    def _token_weights(self, labels: Tensor, sample_weight: Tensor | None) -> Tensor:
        """The weight of each position, `(batch, target_length)`, 0 on padding.

        Keras divides the weighted sum by the number of positions. So that this makes the mean
        over real tokens, each of them weighs positions / real tokens, unless weights for each
        token, which hold that factor already, are given.
        """
        real = ops.cast(ops.not_equal(labels, self.pad_id), "float32")
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight)
            real = real * per_token(sample_weight, labels)
            # `(batch, 1)` are weights of sentences, as `(batch,)`, unless these are of one token.
            of_sentences = sample_weight.shape[-1] == 1 and labels.shape[-1] != 1
            if len(sample_weight.shape) == len(labels.shape) and not of_sentences:
                return real
        if self.reduction not in ("sum_over_batch_size", "mean"):
            return real
        tokens = ops.sum(ops.cast(ops.not_equal(labels, self.pad_id), "float32"))
        return real * ops.divide_no_nan(ops.cast(ops.size(labels), "float32"), tokens)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {
            "label_smoothing": self.label_smoothing,
            "pad_id": self.pad_id,
            "reduction": config["reduction"],
            "name": config["name"],
        }


def smoothed_crossentropy(labels: Tensor, logits: Tensor, label_smoothing: float) -> Tensor:
    """Returns -sum_v q(v) log p(v), q the smoothed one-hot label, `(tokens,)` float32.

    The gradient is written by hand, p - q: Keras' own walks through logsumexp and one-hot
    labels, several times over memory that is larger than any cache.

    Args:
        labels: `(tokens,)` int32.
        logits: `(tokens, vocabulary_size)` float32.
        label_smoothing: the share of q that is even.
    """
    even = label_smoothing / logits.shape[-1]

    @ops.custom_gradient
    def from_logits(logits: Tensor) -> tuple[Tensor, Any]:
        probabilities = ops.softmax(logits)  # (tokens, vocabulary_size)
        margins = label_margins(labels, logits)
        losses = negative_log_likelihoods(margins, probabilities)
        if label_smoothing:
            mean_margins = largest(logits) - ops.mean(logits, axis=-1)
            losses = losses + label_smoothing * (mean_margins - margins)

        def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> Tensor:
            scale = arguments[0] if upstream is None else upstream  # (tokens,)
            rest = probabilities - even if label_smoothing else probabilities
            return subtract_at(
                rest * ops.expand_dims(scale, -1), labels, scale * (1 - label_smoothing)
            )

        return losses, gradient

    return from_logits(logits)


def soft_crossentropy(targets: Tensor, logits: Tensor) -> Tensor:
    """Returns -sum_v t(v) log p(v) for distributions t that are given, `(tokens,)` float32.

    Args:
        targets: `(tokens, vocabulary_size)` float32, each row sums to 1; no gradient goes there.
        logits: `(tokens, vocabulary_size)` float32.
    """

    @ops.custom_gradient
    def from_logits(logits: Tensor) -> tuple[Tensor, Any]:
        probabilities = ops.softmax(logits)  # (tokens, vocabulary_size)
        # What is never said adds nothing, also where the student's logit is -inf.
        said = ops.sum(ops.where(targets > 0, targets * logits, 0.0), axis=-1)
        margins = largest(logits) - said
        losses = negative_log_likelihoods(margins, probabilities)

        def gradient(*arguments: Tensor, upstream: Tensor | None = None) -> Tensor:
            scale = arguments[0] if upstream is None else upstream  # (tokens,)
            return (probabilities - targets) * ops.expand_dims(scale, -1)

        return losses, gradient

    return from_logits(logits)
