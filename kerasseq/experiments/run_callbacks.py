"""The callbacks of a run, in the order in which they must stand."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras

from kerasseq import evaluation, training
from kerasseq.data import Pairs, TokenBatches
from kerasseq.experiments import run_data
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.progress import TrainingProgress
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import KeepRun, RunState, SaveState, Selection
from kerasseq.translation import Translator

SHOWN_PAIRS, SHOWN_CHARACTERS = 3, 60


class Steps(NamedTuple):
    """What an epoch of a run is.

    Attributes:
        batches: the batches of all epochs.
        length: how many of them an epoch has.
        epochs: how many the run has.
        evaluated: the epochs, counted from 1, after which held-out sentences are translated.
    """

    batches: TokenBatches
    length: int
    epochs: int
    evaluated: list[int]

    @property
    def target_tokens(self) -> int:
        """The target tokens of an epoch; about, if it is not all pairs once."""
        return round(self.batches.target_tokens * self.length / len(self.batches))


def evaluated_epochs(epochs: int, every: int) -> list[int]:
    """Returns the first epoch, each n-th and the last one, counted from 1."""
    return sorted({1, *range(every, epochs + 1, every), epochs})


def make_callbacks(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    drafter: Translator,
    steps: Steps,
    state: RunState,
    show_progress: bool,
) -> list[keras.callbacks.Callback]:
    """Returns what watches over a run, writes it down and ends it.

    Args:
        config: the run's configuration.
        folder: its files.
        pairs: its pairs.
        drafter: translates while the network learns.
        steps: what an epoch is.
        state: its progress so far; changed in place.
        show_progress: whether to show a bar on a terminal.
    """
    held_out = run_data.evaluated_pairs(config.training, pairs.valid)
    scores = _make_scores(config, held_out, drafter)
    averages = None if config.training.ema_momentum is None else training.SwapAverages()
    evaluated = frozenset(steps.evaluated)
    keep = KeepRun(
        state,
        folder,
        make_selection(config),
        lambda: _samples(held_out, scores.hypotheses),
        evaluated.__contains__,
        averages,
        steps.target_tokens,
    )
    plateau = _make_plateau(config, averages)
    progress = TrainingProgress(
        steps.target_tokens, steps.length, steps.epochs, show_progress, scores.log_names
    )
    return [
        training.TerminateOnInvalidLoss(describe_batch(folder, pairs.train, steps)),
        *([averages] if averages else []),
        scores,
        progress,
        *_make_tensorboard(folder),
        keep,
        *plateau.values(),  # what it reloads is for the next epoch, and not what this one scored
        SaveState(state, folder, {"scores": scores, **plateau}),
    ]


def _samples(held_out: Pairs, outputs: Sequence[str]) -> list[str]:
    """Some of the held-out pairs with the network's outputs, as lines."""
    rows = list(zip(held_out.sources, outputs, held_out.targets, strict=True))
    shown = rows[:: max(1, len(rows) // 5)]
    return [f"{source} -> {output} (reference: {right})" for source, output, right in shown]


def _make_scores(
    config: ExperimentConfig, held_out: Pairs, drafter: Translator
) -> training.TranslationMetrics:
    metrics = evaluation.get_metrics(config.metrics)

    def translate(texts: list[str]) -> list[str]:
        return [translation.text for translation in drafter(texts)]

    return training.TranslationMetrics(
        translate,
        held_out.sources,
        held_out.references,
        metrics,
        every=config.training.evaluate_every,
    )


def make_selection(config: ExperimentConfig) -> Selection:
    """Returns what chooses the epochs whose weights are kept.

    Args:
        config: the run's configuration.

    Raises:
        ValueError: if there is no such metric, or no such score as the one to monitor.
    """
    modes = {"val_loss": "min", "val_perplexity": "min", "val_accuracy": "max"}
    for label, metric in evaluation.get_metrics(config.metrics).items():
        modes[f"val_{label}"] = "max" if metric.higher_is_better else "min"
    monitor = config.training.monitor
    if monitor not in modes:
        name = monitor.removeprefix("val_")
        hint = f" Add {name} to `metrics`." if name in evaluation.METRICS else ""
        raise ValueError(
            f"`training.monitor` must be one of {', '.join(modes)}. Received: {monitor!r}.{hint}"
        )
    return Selection(
        monitor,
        modes[monitor],
        config.training.keep_average_of,
        config.training.average,
        config.training.patience,
    )


def _make_plateau(
    config: ExperimentConfig, averages: training.SwapAverages | None
) -> dict[str, training.ReloadOnPlateau]:
    if config.training.schedule != "plateau":
        return {}
    return {
        "plateau": training.ReloadOnPlateau(
            patience=config.training.plateau_patience,
            factor=config.training.plateau_factor,
            averages=averages,
        )
    }


def _make_tensorboard(folder: RunFolder) -> list[keras.callbacks.Callback]:
    """Keras' own, if what it writes with is installed."""
    if importlib.util.find_spec("tensorboard") is None:
        return []
    return [keras.callbacks.TensorBoard(str(folder.tensorboard), write_graph=False)]


def describe_batch(folder: RunFolder, pairs: Pairs, steps: Steps) -> Callable[[int, int], str]:
    """Returns a function that shows a batch, and writes all of it down.

    Args:
        folder: where it is written to.
        pairs: the training pairs.
        steps: what an epoch is.
    """

    def describe(epoch: int, batch: int) -> str:
        last = epoch * steps.length + batch
        lines = [
            (str(step + 1), *pair)
            for step in range(max(0, last - 1), last + 1)
            for pair in _pairs_of(step, pairs, steps.batches)
        ]
        folder.write_invalid_batch(lines)
        shown = _pairs_of(last, pairs, steps.batches)[:SHOWN_PAIRS]
        texts = "; ".join(" -> ".join(_shortened(text) for text in pair) for pair in shown)
        return (
            f"Batch {last + 1} begins with: {texts}. All of it, and the batch before whose update "
            f"may be the cause, is in {folder.invalid_batch}. With `accept_changes` the run goes "
            "on from its last checkpoint with another learning rate or clipping."
        )

    return describe


def _pairs_of(step: int, pairs: Pairs, batches: TokenBatches) -> list[tuple[str, str]]:
    epoch, index = divmod(step, len(batches))
    rows = batches.encoded.kept[batches.plan(epoch)[index]]
    return [pairs[int(row)] for row in rows]


def _shortened(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")
