"""What `fit` of our networks does beyond Keras' own."""

import inspect
from typing import Any

import keras
from keras import ops

from kerasseq.models.following import following_epochs
from kerasseq.typing import Tensor


class TrainingModel(keras.Model):
    """A functional model of two inputs, source and target, trained on labels that are tokens.

    Attributes:
        distillation: the `kerasseq.training.Distillation` that `fit` learns from too, or `None`.
    """

    distillation: Any = None

    def fit(self, x: Any = None, *arguments: Any, **options: Any) -> Any:
        """As Keras' own, and tells a `kerasseq.data.training_dataset` which epoch begins."""
        given = inspect.signature(super().fit).bind(x, *arguments, **options).arguments
        _check_class_weight(given.get("class_weight"))
        return super().fit(**following_epochs(given))

    def train_on_batch(self, *arguments: Any, **options: Any) -> Any:
        """As Keras' own; classes have no weights."""
        given = inspect.signature(super().train_on_batch).bind(*arguments, **options).arguments
        _check_class_weight(given.get("class_weight"))
        return super().train_on_batch(*arguments, **options)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The loss of a batch, in training with what `distillation` adds; Keras calls it."""
        y, soft_labels = _labels_and_soft_labels(y)
        teachers = self.distillation if training else None
        if teachers is None:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        second = teachers(self._two_inputs(x), y, y_pred, sample_weight, soft_labels)
        if sample_weight is None:
            sample_weight = ops.ones(ops.shape(y)[:1])  # of each sentence: as if there were none
        # Of the sample weights the compiled loss is a multiple; what layers add is not.
        rest = (1 - teachers.weight) * ops.cast(sample_weight, "float32")
        return super().compute_loss(x, y, y_pred, rest, training) + second

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """The metrics of a batch, of its labels alone; Keras calls it."""
        return super().compute_metrics(x, _labels_and_soft_labels(y)[0], y_pred, sample_weight)

    def _two_inputs(self, inputs: Any) -> tuple[Tensor, Tensor]:
        """Source and target ids; of a dict by their names, which Keras would sort."""
        if isinstance(inputs, dict):
            inputs = [inputs[tensor.name] for tensor in self.inputs]
        source_ids, target_ids = keras.tree.flatten(inputs)
        return source_ids, target_ids


def _check_class_weight(class_weight: Any) -> None:
    if class_weight is not None:
        raise ValueError(
            "`class_weight` must be None: Keras would take the labels of a sentence for one of "
            "many classes. Give `sample_weight`, `(batch, target_length)`."
        )


def _labels_and_soft_labels(y: Any) -> tuple[Any, Any]:
    """The labels of a batch, and what a dataset with `SoftLabels` has beside them."""
    return y if isinstance(y, tuple) else (y, None)
