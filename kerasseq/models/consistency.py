"""Tries a network on one tiny random batch: what search would otherwise get wrong in silence."""

import logging
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from kerasseq.models.parts import Parts

if TYPE_CHECKING:
    from kerasseq.models.sequence_to_sequence import SequenceToSequence


logger = logging.getLogger(__name__)

NO_MASK = (
    "No mask of the source is known: with three more pad ids behind each source the logits differ "
    "by %.3g, so that an answer depends on how long the other texts of its batch are. Embed the "
    "source with `TokenEmbedding`, or with `mask_zero=True`, or give the decoder `memory_mask`."
)


def check_network(network: "SequenceToSequence", parts: Parts, tolerance: float) -> None:
    """Raises if search would see another network than the one that is trained.

    Args:
        network: the network. One that knows no mask of its source, but reads padding, is only
            warned of: texts of one length need none.
        parts: its parts.
        tolerance: by how much log probabilities may differ.
    """
    _check_any_length(network)
    source_ids, target_ids = _random_batch(network)
    padded_ids = np.pad(source_ids, ((0, 0), (0, 3)))
    padded = _log_probabilities(network, padded_ids, target_ids)
    stepped = _stepped(network, source_ids, target_ids)
    # Step by step without padding as in one with it: then nothing is amiss, unless padding is
    # masked in training alone. Only what differs is worth more runs, which tell why.
    may_hide_mask = parts.memory_mask is None or bool(parts.extras)
    if not may_hide_mask and _largest(stepped, padded) <= tolerance:
        return
    whole = _log_probabilities(network, source_ids, target_ids)
    _check_finite(network, whole)
    difference = _largest(stepped, whole)
    if not difference <= tolerance:
        suspects = ", ".join(map(repr, parts.suspects())) or "none by type"
        raise ValueError(
            "The layers between `target_ids` and decoder, and behind it, must treat each position "
            "alone, since search takes one step at a time. The logits of a whole target and of "
            f"its steps differ by {difference:.3g}. Suspects: {suspects}."
        )
    if may_hide_mask:
        _check_mask_is_known(_largest(_stepped(network, padded_ids, target_ids), padded), tolerance)
    difference = _largest(padded, whole)
    if not _is_padding(network, padded_ids):
        if not difference <= tolerance:
            logger.warning(NO_MASK, difference)
        return
    if not difference <= tolerance:
        raise ValueError(
            "Padding must change no answer. With three more pad ids behind each source the logits "
            f"differ by {difference:.3g}: a layer reads padding, such as a convolution, or one "
            "that was not given the mask."
        )


def _check_any_length(network: "SequenceToSequence") -> None:
    for tensor in network.inputs:
        if tensor.shape[1] is not None:
            raise ValueError(
                "The inputs must take any length, `keras.Input((None,))`, since search takes one "
                f"target token at a time and texts differ. Received: {tensor.name!r} of shape "
                f"{tuple(tensor.shape)}."
            )


def _check_finite(network: "SequenceToSequence", log_probabilities: np.ndarray) -> None:
    """Raises if a network can answer nothing but nonsense, as after a training that diverged."""
    if np.any(np.isnan(log_probabilities)):
        broken = [
            weight.path
            for weight in network.weights
            if not np.all(np.isfinite(ops.convert_to_numpy(ops.cast(weight, "float32"))))
        ]
        cause = f"NaN or infinity in {', '.join(broken[:3])}" if broken else "weights are finite"
        raise ValueError(f"The network must give numbers. Received: NaN for its logits; {cause}.")


def _check_mask_is_known(difference: np.floating, tolerance: float) -> None:
    """Raises if padding is masked in training alone.

    The symbolic call of a nested model loses its mask, which the tensors that run still have.
    """
    if not difference <= tolerance:
        raise ValueError(
            "The mask of the source must be the same in training and in search. With pad ids "
            "behind each source the logits of a whole target and of its steps differ by "
            f"{difference:.3g}: the mask is made inside a nested model or a layer, where the graph "
            "does not show it. Give the decoder `memory_mask=ops.not_equal(source_ids, 0)`, or "
            "embed the source in the graph itself."
        )


def _largest(first: np.ndarray, second: np.ndarray) -> np.floating:
    """The largest difference: none where both are minus infinity, of a token that is forbidden."""
    with np.errstate(invalid="ignore"):
        return np.max(np.where(first == second, 0.0, np.abs(first - second)))


def _random_batch(network: "SequenceToSequence") -> tuple[np.ndarray, np.ndarray]:
    """Source and target ids, without padding: `(2, 5)` and `(2, 4)`."""
    generator = np.random.default_rng(0)
    source_ids = generator.integers(1, 4, (2, 5)).astype("int32")
    target_ids = generator.integers(1, min(network.vocabulary_size, 4), (2, 4)).astype("int32")
    return source_ids, target_ids


def _log_probabilities(
    network: "SequenceToSequence", source_ids: np.ndarray, target_ids: np.ndarray
) -> np.ndarray:
    """Of the whole target: `(2, 4, vocabulary_size)`."""
    logits = network([source_ids, target_ids], training=False)
    return ops.convert_to_numpy(ops.log_softmax(ops.cast(logits, "float32")))


def _stepped(
    network: "SequenceToSequence", source_ids: np.ndarray, target_ids: np.ndarray
) -> np.ndarray:
    """Of one step after the other: `(2, 4, vocabulary_size)`."""
    step, state, _ = network.start_search(ops.convert_to_tensor(source_ids), target_ids.shape[1])
    found = []
    for token_ids in target_ids.T:
        log_probabilities, state, _ = step(ops.convert_to_tensor(token_ids), state)
        found.append(ops.convert_to_numpy(log_probabilities))
    return np.stack(found, axis=1)


def _is_padding(network: "SequenceToSequence", padded_ids: np.ndarray) -> bool:
    """Whether the network takes the last columns for padding; one without masks pads nothing."""
    _, _, source_mask = network.start_search(ops.convert_to_tensor(padded_ids), 1)
    return not np.all(ops.convert_to_numpy(source_mask))
