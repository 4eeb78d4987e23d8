"""`SoftLabels`: what trained networks say of each target token, asked once, before training."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kerasseq import checks
from kerasseq.data.batching import TokenBatches, padded_width


class SoftLabels:
    """A distribution over the vocabulary for each target token, to learn beside its label.

    Who learns from other networks could ask them at each step, and would hear the same in each
    epoch. Asked once they cost memory, 4 bytes for each target token and entry of the vocabulary,
    and no time after that.

    Args:
        batches: the batches whose targets they are for.
        ask: from `[source_ids, target_ids]` of a batch to the distributions that follow each
            position of the target, `(batch * target_length, vocabulary_size)`, as
            `kerasseq.training.Distillation.probabilities` gives them.
        vocabulary_size: how many entries a distribution has.

    Raises:
        ValueError: if `batches` tokenise their sources anew in each epoch, so that the answers
            would change, or if the answers have another vocabulary.
    """

    def __init__(
        self,
        batches: TokenBatches,
        ask: Callable[[list[np.ndarray]], Any],
        vocabulary_size: int,
    ) -> None:
        checks.check_positive_integer("vocabulary_size", vocabulary_size)
        if batches.resample is not None:
            raise ValueError(
                "`batches` must have sources that keep their tokens, since soft labels are asked "
                "for once. Received: batches that tokenise them anew in each epoch."
            )
        self.batches = batches
        # In the order of the targets' token ids.
        self.values = np.empty((batches.target_tokens, vocabulary_size), np.float32)
        for index in range(len(batches)):
            inputs, labels, _ = batches.batch(0, index)
            answers = np.asarray(ask(list(inputs)))
            if answers.shape != (labels.size, vocabulary_size):
                raise ValueError(
                    "`ask` must give a distribution over the vocabulary for each position, "
                    f"{(labels.size, vocabulary_size)}. Received: shape {answers.shape}."
                )
            real, places = self._places(0, index)
            self.values[places] = answers.reshape(*labels.shape, -1)[: len(real)][real]

    def batch(self, epoch: int, index: int) -> np.ndarray:
        """Returns those of batch `index` of an epoch.

        Returns:
            `(batch, target_length, vocabulary_size)` float32, 0 on padding.
        """
        real, places = self._places(epoch, index)
        filled = len(real) + -len(real) % self.batches.num_replicas
        batch = np.zeros((filled, real.shape[1], self.values.shape[1]), np.float32)
        batch[: len(real)][real] = self.values[places]
        return batch

    def _places(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a batch has target tokens, and which of all they are."""
        rows, targets = self.batches.plan(epoch)[index], self.batches.encoded.targets
        return targets.places(rows, int(padded_width(targets.lengths[rows].max())))
