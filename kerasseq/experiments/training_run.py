import logging
import os
import time
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, cast

import keras

from kerasseq import data, evaluation, models, serialization, training
from kerasseq.data import Pairs, TokenBatches
from kerasseq.experiments import environment, run_data
from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.config import ExperimentConfig, TrainingConfig
from kerasseq.experiments.progress import TrainingProgress
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import KeepRun, RunState
from kerasseq.experiments.watch_run import Watch, WatchRun
from kerasseq.models import SequenceToSequence
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)

EXAMPLES = 8


class Run(NamedTuple):
    """A run that has ended.

    Attributes:
        folder: where its files lie.
        translator: the trained translator, as `model.keras` holds it.
        report: what `report.json` holds.
    """

    folder: str
    translator: Translator
    report: dict[str, Any]


def train(
    config: ExperimentConfig,
    output: str | os.PathLike[str],
    show_progress: bool = True,
    pairs: RunData | None = None,
    translator: Translator | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    watch: Watch | None = None,
) -> Run:
    """Trains, evaluates and saves a translator as a configuration says.

    The same call on the same folder goes on where a killed run stood, and ends with the same
    weights as one that was never killed; on a finished run it only reads.

    Args:
        config: what to do.
        output: the run's folder: `config.yaml`, `history.csv` (one line an epoch), `samples.txt`
            (translations over time), `model.keras` (the translator), `report.json`, `checkpoints/`.
        show_progress: whether to show a bar on a terminal.
        pairs: what `read_data(config.data)` gave, where many runs share it; read if not given.
        translator: what `build_translator(config, pairs)` gave, untrained; built if not given.
        callbacks: more Keras callbacks; they come last in an epoch, when all of it is on disk.
        watch: a function of the run's progress, called after each epoch when all of it is on
            disk; the training ends early if it returns `True`.

    Raises:
        ValueError: if the data or the configuration is not usable, or `output` holds another run.
        kerasseq.training.InvalidLossError: if the loss becomes NaN or infinite; the last good
            checkpoint stays.
    """
    folder = RunFolder(os.fspath(output))
    folder.check(config)
    pairs = run_data.read_data(config.data) if pairs is None else pairs
    report = folder.read_report()
    if report is not None:
        logger.info("%s holds this run, finished: nothing to do.", folder.path)
        return Run(str(folder.path), Translator.load(folder.model), report)
    translator = build_translator(config, pairs) if translator is None else translator
    state = _fit(config, folder, pairs, translator, show_progress, callbacks, watch)
    checkpoints = Checkpoints(folder.checkpoints)
    weights = [checkpoints.load_weights(epoch) for epoch in state.best_epochs]
    translator.network.set_weights(training.average_weights(weights))
    report = _report(config, pairs, translator, state)
    translator.metadata = {
        "report": report,
        "config": config.to_dict(),
        # What an export is warmed up and shown with: held-out texts, short and long.
        "examples": pairs.valid.sources[:: max(1, len(pairs.valid) // EXAMPLES)][:EXAMPLES],
    }
    translator.save(folder.model)
    folder.write_report(report)
    return Run(str(folder.path), translator, report)


def build_translator(
    config: ExperimentConfig,
    pairs: RunData,
    codecs: tuple[TextCodec, TextCodec] | None = None,
) -> Translator:
    """Builds the translator of a run, with its final search and a network that knows nothing yet.

    What is drawn is drawn from the configuration's seed. A search or a network that cannot be is
    an error now, before anything is trained.

    Args:
        config: what to build.
        pairs: the run's pairs.
        codecs: of source and target, as `train_codecs(config, pairs.train)` makes them; trained
            if not given.

    Raises:
        ValueError: if the configuration is not usable.
    """
    environment.set_threads(config.training.threads)
    keras.utils.set_random_seed(config.seed)
    source_codec, target_codec = codecs or run_data.train_codecs(config, pairs.train)
    run_data.log_report(pairs, source_codec, target_codec, config.data.max_length)
    return Translator(
        source_codec,
        target_codec,
        _build_network(config, source_codec.vocabulary_size, target_codec.vocabulary_size),
        {"name": config.search.name, **config.search.options},
        config.search.max_source_length,
        config.search.replace_unknown,
    )


def _build_network(
    config: ExperimentConfig, source_size: int, target_size: int
) -> SequenceToSequence:
    options = config.model.options()
    rate = options.get("scheduled_sampling")
    if isinstance(rate, dict):
        rates = training.SAMPLING_RATES
        options["scheduled_sampling"] = serialization.get(rates, rate, "scheduled_sampling")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(environment.choose_dtype(config.training.dtype))
    try:
        network = models.build(
            source_vocabulary_size=source_size,
            target_vocabulary_size=target_size,
            **options,
        )
    finally:
        keras.config.set_dtype_policy(policy)
    logger.info("Network %s: %s weights", config.model.name, f"{network.count_params():,}")
    return network


def _fit(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    translator: Translator,
    show_progress: bool,
    more_callbacks: Sequence[keras.callbacks.Callback],
    watch: Watch | None,
) -> RunState:
    """Trains the translator's network, from the last checkpoint on if there is one."""
    network = translator.network
    drafter = translator.with_search("greedy")
    batches = _training_batches(config, pairs.train, drafter)
    _compile(network, config.training, len(batches))
    progress = Checkpoints(folder.checkpoints).restore_state(network)
    state = RunState(**(progress or {}))
    if progress:
        logger.info("Going on after epoch %d.", state.epoch)
    if state.stopped or state.epoch >= config.training.epochs:
        return state
    callbacks = _callbacks(config, folder, pairs.valid, drafter, batches, state, show_progress)
    callbacks += [*([] if watch is None else [WatchRun(state, watch)]), *more_callbacks]
    # Only now, when nothing is left to be wrong with the configuration.
    folder.open(config)
    network.fit(
        data.as_dataset(batches, epoch=state.epoch),
        validation_data=data.evaluation_dataset(
            pairs.valid,
            drafter.source_codec,
            drafter.target_codec,
            batch_tokens=4096,
            max_length=config.data.max_length,
        ),
        epochs=config.training.epochs,
        initial_epoch=state.epoch,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    return state


def _training_batches(config: ExperimentConfig, pairs: Pairs, drafter: Translator) -> TokenBatches:
    return data.training_batches(
        pairs,
        drafter.source_codec,
        drafter.target_codec,
        batch_tokens=config.training.batch_tokens if config.training.batch_size is None else None,
        batch_size=config.training.batch_size,
        max_length=config.data.max_length,
        long_pairs=cast(Literal["drop", "cut"], config.data.long_pairs),
        seed=config.seed,
        sampling=config.training.sampling,
    )


def _compile(network: SequenceToSequence, config: TrainingConfig, steps: int) -> None:
    network.compile(
        training.FusedAdam(
            _learning_rate(config, steps * config.epochs), global_clipnorm=config.clip_norm
        ),
        loss=training.TokenCrossentropy(label_smoothing=config.label_smoothing),
        metrics=[training.TokenAccuracy(name="accuracy"), training.Perplexity(name="perplexity")],
        jit_compile=False,
    )
    # A checkpoint can only be put back into an optimiser that has its variables.
    network.optimizer.build(network.trainable_variables)


def _learning_rate(config: TrainingConfig, steps: int) -> Any:
    """The learning rate over the updates of a run, its highest being `learning_rate`."""
    rate, warmup = config.learning_rate, config.warmup_steps
    if config.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            decay_steps=max(steps - warmup, 1),
            alpha=0.0,
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    if config.schedule in ("noam", "inverse_square_root"):
        return training.InverseSquareRoot(rate, warmup_steps=max(warmup, 1))
    return rate


def _callbacks(
    config: ExperimentConfig,
    folder: RunFolder,
    valid: Pairs,
    drafter: Translator,
    batches: TokenBatches,
    state: RunState,
    show_progress: bool,
) -> list[keras.callbacks.Callback]:
    # Every n-th sentence, since files are often sorted by length.
    wanted = config.training.valid_sentences or len(valid)
    held_out = valid[:: max(1, -(-len(valid) // wanted))]
    metrics = evaluation.get_metrics(config.metrics)

    def translate(texts: list[str]) -> list[str]:
        return [translation.text for translation in drafter(texts)]

    scores = training.TranslationMetrics(
        translate,
        held_out.sources,
        held_out.references,
        metrics,
        lower_is_better=[name for name in metrics if not metrics[name].higher_is_better],
    )

    def samples() -> list[str]:
        rows = list(zip(held_out.sources, scores.hypotheses, held_out.targets, strict=True))
        shown = rows[:: max(1, len(rows) // 5)]
        return [f"{source} -> {output} (reference: {right})" for source, output, right in shown]

    modes = {"val_loss": "min", "val_perplexity": "min", "val_accuracy": "max", **scores.log_modes}
    training_config = config.training
    if training_config.monitor not in modes:
        raise ValueError(
            f"`training.monitor` must be one of {', '.join(modes)}. "
            f"Received: {training_config.monitor!r}."
        )
    keep = KeepRun(
        state,
        folder,
        training_config.monitor,
        modes[training_config.monitor],
        training_config.keep_average_of,
        training_config.patience,
        samples,
        batches.target_tokens,
    )
    plateau = [training.ReloadOnPlateau()] if training_config.schedule == "plateau" else []
    progress = TrainingProgress(
        batches.target_tokens,
        len(batches),
        training_config.epochs,
        show_progress,
        scores.log_names,
    )
    return [training.TerminateOnInvalidLoss(), scores, *plateau, progress, keep]


def _report(
    config: ExperimentConfig, pairs: RunData, translator: Translator, state: RunState
) -> dict[str, Any]:
    """The numbers of a finished run, on the test pairs or, without any, on the held-out ones."""
    split = "valid" if pairs.test is None else "test"
    judged = pairs.valid if pairs.test is None else pairs.test
    started, cpu = time.perf_counter(), time.process_time()
    logger.info("Translating %d sentences of the %s split.", len(judged), split)
    outputs = [translation.text for translation in translator(judged.sources)]
    result = evaluation.evaluate(outputs, judged.references, config.metrics)
    losses = translator.network.evaluate(
        data.evaluation_dataset(
            judged,
            translator.source_codec,
            translator.target_codec,
            batch_tokens=4096,
            max_length=config.data.max_length,
        ),
        return_dict=True,
        verbose=0,
    )
    return {
        **{name: round(value, 4) for name, value in result.values.items()},
        "signature": dict(result.signatures),
        "split": split,
        "sentences": len(judged),
        **{f"test_{name}": value for name, value in losses.items()},
        "epochs": state.epoch,
        "best_epochs": state.best_epochs,
        "target_tokens": state.target_tokens,
        "wall_seconds": round(state.wall_seconds + time.perf_counter() - started, 1),
        "cpu_seconds": round(state.cpu_seconds + time.process_time() - cpu, 1),
        "parameters": translator.network.count_params(),
        "versions": environment.versions(),
        "revision": environment.git_revision(),
    }
