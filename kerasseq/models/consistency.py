"""Tries a network on one tiny random batch: what search would otherwise get wrong in silence."""

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from kerasseq.models.parts import Parts
from kerasseq.typing import Tensor

if TYPE_CHECKING:
    from kerasseq.models.sequence_to_sequence import SequenceToSequence


def check_steps(network: "SequenceToSequence", parts: Parts, tolerance: float) -> None:
    """Raises if the logits of a whole target differ from those of its steps.

    Args:
        network: the network.
        parts: its parts.
        tolerance: by how much log probabilities may differ.
    """
    source_ids, target_ids = _random_batch(network)
    whole = _log_probabilities(network, source_ids, target_ids)
    step, state, _ = network.start_search(ops.convert_to_tensor(source_ids), target_ids.shape[1])
    stepped = []
    for token_ids in target_ids.T:
        log_probabilities, state, _ = step(ops.convert_to_tensor(token_ids), state)
        stepped.append(ops.convert_to_numpy(log_probabilities))
    difference = np.max(np.abs(np.stack(stepped, axis=1) - whole))
    if not difference <= tolerance:
        raise ValueError(
            "The layers between `target_ids` and decoder, and behind it, must treat each position "
            "alone, since search takes one step at a time. The logits of a whole target and of "
            f"its steps differ by {difference:.3g}. Suspects: {_named(parts.suspects())}."
        )


def check_padding(network: "SequenceToSequence", tolerance: float) -> None:
    """Raises if more padding of the source changes the logits.

    Nothing is said of a network without masks, whose user pads nothing.

    Args:
        network: the network.
        tolerance: by how much log probabilities may differ.
    """
    source_ids, target_ids = _random_batch(network)
    padded_ids = np.pad(source_ids, ((0, 0), (0, 3)))
    _, _, source_mask = network.start_search(ops.convert_to_tensor(padded_ids), 1)
    if np.all(ops.convert_to_numpy(source_mask)):
        return
    alone = _log_probabilities(network, source_ids, target_ids)
    padded = _log_probabilities(network, padded_ids, target_ids)
    difference = np.max(np.abs(alone - padded))
    if not difference <= tolerance:
        raise ValueError(
            "Padding must change no answer. With three more pad ids behind each source the logits "
            f"differ by {difference:.3g}: a layer reads padding, such as a convolution, or one "
            "that was not given the mask."
        )


def _random_batch(network: "SequenceToSequence") -> tuple[np.ndarray, np.ndarray]:
    """Source and target ids, without padding: `(2, 5)` and `(2, 4)`."""
    generator = np.random.default_rng(0)
    source_ids = generator.integers(1, 4, (2, 5)).astype("int32")
    target_ids = generator.integers(1, min(network.vocabulary_size, 4), (2, 4)).astype("int32")
    return source_ids, target_ids


def _log_probabilities(
    network: "SequenceToSequence", source_ids: Tensor, target_ids: Tensor
) -> np.ndarray:
    logits = network([source_ids, target_ids], training=False)
    return ops.convert_to_numpy(ops.log_softmax(ops.cast(logits, "float32")))


def _named(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "none by type"
