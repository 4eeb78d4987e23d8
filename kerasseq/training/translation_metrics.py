import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from kerasseq import checks
from kerasseq.training.callback_order import check_callback_order, current_frame, siblings

logger = logging.getLogger(__name__)

Reference = str | Sequence[str]


class TranslationMetrics(keras.callbacks.Callback):
    """Translates held-out sentences after an epoch and puts the scores into the logs.

    For choosing and stopping by what counts: the text that the network writes on its own, not
    the next token after the right ones. Its scores are monitored by Keras' own callbacks. They
    must stand after it and say which way is better; anything else is an error when the training
    begins (`check_callback_order`):

        callbacks=[
            TranslationMetrics(translate, valid.sources, valid.references, {"bleu": bleu}),
            keras.callbacks.EarlyStopping("val_bleu", mode="max", patience=3),
            keras.callbacks.ModelCheckpoint("best.keras", "val_bleu", mode="max",
                                            save_best_only=True),
        ]

    To score moving averages of the weights, put `SwapAverages` before it.

    With `every` above 1 the epochs between two evaluations repeat the last scores, because Keras'
    callbacks want a value in each epoch: their `patience` still counts epochs. The first epoch
    and the last are always evaluated.

    Args:
        translate: from a list of strings to as many strings.
        sources: the held-out sentences.
        references: for each source its translation, or a list of right translations; handed to
            the metrics as they are.
        metrics: for each name a function of `(hypotheses, references)` that returns a number.
        every: epochs from one evaluation to the next.
        num_samples: how many translations to log, the same ones each time.
        lower_is_better: the names among `metrics` of which less is better; a metric that has
            an attribute `higher_is_better`, as those of `kerasseq.evaluation`, says so itself.
        prefix: what goes before a metric's name in the logs.

    Raises:
        ValueError: if there is nothing to translate, sources and references are not as many, or
            `translate` returns too few or too many strings.

    Example:

    >>> share = lambda ours, right: sum(a == b for a, b in zip(ours, right)) / len(right)
    >>> callback = TranslationMetrics(
    ...     lambda texts: [text.upper() for text in texts], ["a", "b"], ["A", "C"],
    ...     {"exact_match": share})
    >>> logs = {}
    >>> callback.on_epoch_end(0, logs)
    >>> logs
    {'val_exact_match': 0.5}
    """

    def __init__(
        self,
        translate: Callable[[list[str]], Sequence[str]],
        sources: Sequence[str],
        references: Sequence[Reference],
        metrics: Mapping[str, Callable[[list[str], list[Any]], float]],
        every: int = 1,
        num_samples: int = 3,
        lower_is_better: Sequence[str] = ("cer", "per", "ter", "wer"),
        prefix: str = "val_",
    ) -> None:
        super().__init__()
        checks.check_positive_integer("every", every)
        checks.check_integer("num_samples", num_samples, minimum=0)
        if not len(sources) or len(sources) != len(references):
            raise ValueError(
                "`TranslationMetrics` needs at least one source and one reference for each. "
                f"Received: {len(sources)} sources, {len(references)} references."
            )
        self.translate = translate
        self.sources = list(sources)
        self.references = list(references)
        self.metrics = dict(metrics)
        self.every = every
        self.num_samples = num_samples
        self.lower_is_better = tuple(lower_is_better)
        self.prefix = prefix
        self.hypotheses: list[str] = []
        self.scores: dict[str, float] = {}

    @property
    def log_modes(self) -> dict[str, str]:
        """For each key it puts into the logs, "max" or "min": which way is better."""
        return {
            self.prefix + name: "max" if self._is_better_if_higher(name) else "min"
            for name in self.metrics
        }

    def _is_better_if_higher(self, name: str) -> bool:
        return getattr(self.metrics[name], "higher_is_better", name not in self.lower_is_better)

    @property
    def log_names(self) -> tuple[str, ...]:
        """The keys it puts into the logs."""
        return tuple(self.log_modes)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        check_callback_order(siblings(current_frame()))
        self.scores = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        last = epoch + 1 == (self.params or {}).get("epochs")
        if not self.scores or last or (epoch + 1) % self.every == 0:
            self._evaluate(epoch)
        if logs is not None:
            logs.update(self.scores)

    def _evaluate(self, epoch: int) -> None:
        start = time.perf_counter()
        self.hypotheses = list(self.translate(self.sources))
        if len(self.hypotheses) != len(self.sources):
            raise ValueError(
                "`translate` must return one string for each source. "
                f"Received: {len(self.sources)} sources, {len(self.hypotheses)} translations."
            )
        self.scores = {
            self.prefix + name: float(metric(self.hypotheses, self.references))
            for name, metric in self.metrics.items()
        }
        self._log(epoch, time.perf_counter() - start)

    def _log(self, epoch: int, seconds: float) -> None:
        scores = ", ".join(f"{key} {score:.4g}" for key, score in self.scores.items())
        sentences = f"{len(self.sources)} sentences in {seconds:.1f} s"
        logger.info("epoch %d: %s (%s)", epoch + 1, scores, sentences)
        if not self.num_samples:
            return
        samples = list(zip(self.sources, self.hypotheses, self.references, strict=True))
        # Spread over the list: files are often sorted, and the first lines all alike.
        spread = samples[:: -(-len(samples) // self.num_samples)]
        for source, hypothesis, reference in spread:
            right = reference if isinstance(reference, str) else " | ".join(reference)
            logger.info("  %s => %s (right: %s)", source, hypothesis, right)

    def get_state(self) -> dict[str, Any]:
        """Returns what a resumed training needs: the scores that the next epochs repeat."""
        return {"scores": dict(self.scores)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes up what `get_state` gave; call it after `on_train_begin`, which forgets."""
        self.scores = dict(state["scores"])
