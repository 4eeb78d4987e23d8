from collections.abc import Callable, Sequence

from keras import ops

from kerasseq import checks
from kerasseq.training.token_crossentropy import TokenCrossentropy, soft_crossentropy
from kerasseq.training.token_statistics import flat_logits
from kerasseq.typing import Tensor


class Distillation:
    """What trained networks would say, as a second target beside the labels.

    At each position the teachers read the same source and the same target so far, and the student
    learns their distribution over the next token, `t`, beside the label: the loss of a token is

        (1 - weight) * CE(label) + weight * -sum_v t(v) log p(v)

    The first part is the loss that the student is compiled with, label smoothing and all. `t` is
    the mean of the teachers' probabilities. Penalties of layers keep their full weight. Nothing of
    it is saved with the student.

    To use it, set `SequenceToSequence.distillation` before `fit`, which then costs a forward pass
    of each teacher more a step; or none, where the dataset brings what they say
    (`kerasseq.data.SoftLabels`). Evaluation does not change.

    Args:
        teachers: trained networks with the student's vocabularies: functions
            `teacher([source_ids, target_ids], training=False)` that return logits.
        weight: the share of the teachers in the loss, more than 0 and at most 1.
        pad_id: the label of padding.

    Call arguments:
        inputs: source ids `(batch, source_length)` and target ids `(batch, target_length)`, the
            target behind a start token.
        labels: `(batch, target_length)` integers, to know what is padding.
        logits: the student's, `(batch, target_length, vocabulary_size)`.
        sample_weight: as for `TokenCrossentropy`.
        soft_labels: what the teachers say, `(batch, target_length, vocabulary_size)`, if it is
            known; they are asked otherwise.

    Returns:
        The second part of the loss, a scalar, float32, already weighted.

    Raises:
        ValueError: if there is no teacher, or the weight is out of range.

    Reference:
        Hinton et al. 2015, Distilling the Knowledge in a Neural Network; Kim and Rush 2016,
        Sequence-Level Knowledge Distillation, section 3.1 (word level); Sun et al. 2019,
        Token-Level Ensemble Distillation for Grapheme-to-Phoneme Conversion.
    """

    def __init__(
        self, teachers: Sequence[Callable[..., Tensor]], weight: float = 0.5, pad_id: int = 0
    ) -> None:
        if not teachers:
            raise ValueError("`teachers` must be at least one network. Received: none.")
        checks.check_positive("weight", weight)
        checks.check_probability("weight", weight)
        checks.check_integer("pad_id", pad_id, minimum=0)
        self.teachers = tuple(teachers)
        self.weight = weight
        self.pad_id = pad_id

    def __call__(
        self,
        inputs: Sequence[Tensor],
        labels: Tensor,
        logits: Tensor,
        sample_weight: Tensor | None = None,
        soft_labels: Tensor | None = None,
    ) -> Tensor:
        if soft_labels is None:
            said = self.probabilities(inputs)
        else:
            said = ops.reshape(soft_labels, (-1, ops.shape(soft_labels)[-1]))
        loss = _TeacherCrossentropy(said, self.pad_id)
        return self.weight * loss(labels, logits, sample_weight)

    def probabilities(self, inputs: Sequence[Tensor]) -> Tensor:
        """Returns the mean of the teachers' distributions, `(tokens, vocabulary_size)` float32.

        Args:
            inputs: source ids `(batch, source_length)` and target ids `(batch, target_length)`.
        """
        each = [ops.softmax(flat_logits(t(list(inputs), training=False))) for t in self.teachers]
        return ops.stop_gradient(sum(each[1:], each[0]) / len(each))


class _TeacherCrossentropy(TokenCrossentropy):
    """The cross-entropy with one batch's distributions; labels only say what counts."""

    def __init__(self, probabilities: Tensor, pad_id: int) -> None:
        super().__init__(pad_id=pad_id, name="distillation")
        self.probabilities = probabilities

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        losses = soft_crossentropy(self.probabilities, flat_logits(y_pred))
        losses = ops.reshape(losses, ops.shape(y_true))
        return ops.where(ops.equal(y_true, self.pad_id), 0.0, losses)
