"""What the loss and the metrics read from logits, so that they share one softmax.

With `maximum` the largest logit of a position and `peak` its largest probability,

    logsumexp(logits)      = maximum - log(peak)          peak >= 1/vocabulary_size: no underflow
    -log p(label)          = (maximum - logit(label)) - log(peak)
    "the label has won"    = (maximum - logit(label)) == 0             no argmax

`ops.softmax` is one oneDNN kernel. The loss and each metric ask for it anew; inside one traced
step they ask with the same operation on the same tensor, and TensorFlow's graph optimiser merges
the requests (a test counts the `Softmax` nodes that are left: one). Hence these functions: two
ways of writing the same thing would be computed twice.
"""

from keras import ops

from kerasseq.typing import Tensor


def flat_logits(logits: Tensor) -> Tensor:
    """Returns `(tokens, vocabulary_size)` float32, whatever precision the network works in."""
    return ops.reshape(ops.cast(logits, "float32"), (-1, logits.shape[-1]))


def flat_labels(labels: Tensor) -> Tensor:
    """Returns `(tokens,)` int32."""
    return ops.reshape(ops.cast(labels, "int32"), (-1,))


def label_margins(labels: Tensor, logits: Tensor) -> Tensor:
    """Returns how far the label's logit is below the largest, `(tokens,)`, at least 0.

    Args:
        labels: `(tokens,)` int32.
        logits: `(tokens, vocabulary_size)` float32.
    """
    chosen = ops.take_along_axis(logits, ops.expand_dims(labels, -1), axis=-1)
    return largest(logits) - ops.squeeze(chosen, -1)


def largest(logits: Tensor) -> Tensor:
    """Returns the largest logit of each token, `(tokens,)`; there may be no token."""
    # Keras' maximum refuses an empty batch, unless it is told what that is.
    return ops.max(logits, axis=-1, initial=float("-inf"))


def negative_log_likelihoods(margins: Tensor, probabilities: Tensor) -> Tensor:
    """Returns `-log p(label)`, `(tokens,)`, from `label_margins` and the softmax."""
    return margins - ops.log(ops.max(probabilities, axis=-1, initial=0.0))


def real_tokens(labels: Tensor, sample_weight: Tensor | None, pad_id: int) -> Tensor:
    """Returns which positions count, `(batch, target_length)` boolean.

    Args:
        labels: `(batch, target_length)` integers.
        sample_weight: `None`, or `(batch, target_length)`, or `(batch,)` for whole sentences;
            a position of weight 0 does not count.
        pad_id: the label of padding, which never counts.
    """
    real = ops.not_equal(labels, pad_id)
    if sample_weight is None:
        return real
    return ops.logical_and(real, per_token(sample_weight, labels) > 0)


def per_token(sample_weight: Tensor, labels: Tensor) -> Tensor:
    """Returns the weights with an axis for the tokens, if they had one for sentences only."""
    weights = ops.cast(sample_weight, "float32")
    if len(weights.shape) == 0:
        raise ValueError(
            "`sample_weight` must have a weight for each sentence, `(batch,)`, or each token, "
            f"`(batch, target_length)`. Received: the scalar {sample_weight}."
        )
    return ops.expand_dims(weights, -1) if len(weights.shape) < len(labels.shape) else weights


def check_label_shape(owner: str, labels: Tensor, logits: Tensor) -> None:
    """Raises unless the labels are ids for each position of the logits."""
    known = zip(labels.shape, logits.shape, strict=False)
    agree = all(None in pair or pair[0] == pair[1] for pair in known)
    if len(labels.shape) != len(logits.shape) - 1 or not agree:
        raise ValueError(
            f"`{owner}` needs labels that are token ids, (batch, target_length), and logits "
            "(batch, target_length, vocabulary_size). "
            f"Received: labels {tuple(labels.shape)}, logits {tuple(logits.shape)}."
        )
