import functools
import logging
import os
from collections.abc import Sequence
from typing import Any, Literal, cast

import keras

from kerasseq import checks, data, training
from kerasseq.data import Pairs
from kerasseq.experiments import environment, run_data
from kerasseq.experiments.building import build_translator
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.config_checks import check_names, warn_of_fields_without_effect
from kerasseq.experiments.distillation import (
    ask_once,
    check_teachers,
    find_teachers,
    train_teachers,
)
from kerasseq.experiments.final_weights import set_final_weights
from kerasseq.experiments.fine_tuning import Start, read_start
from kerasseq.experiments.optimization import compile_network
from kerasseq.experiments.resuming import restore_run, save_progress, tidy
from kerasseq.experiments.run_callbacks import Steps, evaluated_epochs, make_callbacks
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_report import make_metadata, make_report
from kerasseq.experiments.run_session import MakeCallback, Run, Session
from kerasseq.experiments.run_state import RunState
from kerasseq.experiments.threads import set_threads
from kerasseq.experiments.watch_run import Watch, WatchRun
from kerasseq.experiments.weight_transfer import freeze
from kerasseq.models import SequenceToSequence
from kerasseq.translation import Translator
from kerasseq.translation.backend import check_backend

logger = logging.getLogger(__name__)


def train(
    config: ExperimentConfig,
    output: str | os.PathLike[str],
    show_progress: bool = True,
    pairs: RunData | None = None,
    translator: Translator | None = None,
    callbacks: Sequence[keras.callbacks.Callback | MakeCallback] = (),
    watch: Watch | None = None,
    accept_changes: bool = False,
) -> Run:
    """Trains, evaluates and saves a translator as a configuration says.

    The same call on the same folder goes on where a killed run stood, and ends with the same
    weights as one that was never killed; on a finished run it only reads.

    Args:
        config: what to do.
        output: the run's folder: `config.yaml`, `environment.json` (versions, revision, processor,
            checksums of the files), `history.csv` (one line an epoch; `tensorboard/` too, if that
            is installed), `samples.txt` (translations over time), `model.keras` (the translator),
            `report.json`, `checkpoints/`; `teachers/`, if it trains its own.
        show_progress: whether to show a bar on a terminal.
        pairs: what `read_data(config.data)` gave, where many runs share it; read if not given.
        translator: what `build_translator(config, pairs)` gave, untrained; built if not given.
        callbacks: more Keras callbacks, or functions that make one from the greedy translator and
            the held-out pairs; they come last in an epoch, when all of it is on disk.
        watch: a function of the run's progress, called after each epoch when all of it is on
            disk; the training ends early if it returns `True`.
        accept_changes: whether the run that `output` holds, finished or not, goes on from its
            last checkpoint with other epochs, learning rate, clipping, patience and the like. With
            `stop_after` of as many epochs as it has, a run that was interrupted ends.

    Raises:
        ValueError: if the data or the configuration is not usable, `output` holds another run or
            one of other data, another process trains in it, or Keras' backend is not TensorFlow.
        kerasseq.training.InvalidLossError: if the loss becomes NaN or infinite; the last good
            checkpoint stays.
    """
    check_backend()
    check_names(config)
    checks.check_folder("output", output)
    warn_of_fields_without_effect(config)
    folder = RunFolder(os.fspath(output))
    stamp = folder.stamp()
    changes = folder.check(config, accept_changes)
    pairs = run_data.read_data(config.data) if pairs is None else pairs
    files = environment.fingerprints(run_data.named_files(config))
    folder.check_files(files)
    report = folder.read_report()
    if report is not None and not changes:
        logger.info("%s holds this run, finished: nothing to do.", folder.path)
        return Run(str(folder.path), Translator.load(folder.model), report)
    set_threads(config.training.threads, config.training.parallelism, config.target_tokens)
    described = environment.describe(files)
    start = read_start(config)
    if translator is None:
        translator = build_translator(config, pairs, start=start)
    teachers = find_teachers(config, translator)
    check_teachers(teachers, folder)
    session = Session(
        *(described, changes, show_progress, callbacks, watch, teachers, accept_changes, stamp)
    )
    try:
        report = _trained(config, folder, pairs, translator, start, session)
    finally:
        folder.lock.release()
    return Run(str(folder.path), translator, report)


def _trained(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    translator: Translator,
    start: Start | None,
    session: Session,
) -> dict[str, Any]:
    """The report of the run, whose translator is trained and written."""
    drafter = translator.with_search("greedy")
    state = _fit(config, folder, pairs, translator, drafter, session)
    translator.network.distillation = None
    # What was frozen was so for this training: the file says nothing of it.
    freeze(translator.network, config.fine_tuning.freeze, thaw=True)
    averaged = set_final_weights(config, folder, pairs, translator, drafter, state)
    report = make_report(config, folder, pairs, translator, state, averaged)
    translator.metadata = make_metadata(config, start, report, pairs.valid)
    translator.save(folder.model)
    folder.write_report(report)
    return report


def _fit(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    translator: Translator,
    drafter: Translator,
    session: Session,
) -> RunState:
    """Trains the translator's network, from the last checkpoint on if there is one."""
    network = translator.network
    steps = _steps(config, pairs.train, drafter)
    compile_network(network, config.training, steps.length)
    state = restore_run(folder, network, config, session.changes, session.watch)
    # Killed behind its last epoch, or cut short.
    is_over = state.stopped or state.epoch >= steps.epochs
    callbacks: list[keras.callbacks.Callback] = []
    if not is_over:
        show = session.show_progress
        callbacks += make_callbacks(config, folder, pairs, drafter, steps, state, show)
        callbacks += _of_the_session(session, folder, drafter, pairs.valid, state)
    # Only now, when nothing is left to be wrong with the configuration.
    _take_folder(config, folder, network, state, session)
    if is_over:
        tidy(folder, state)
        return state
    network.distillation = _distillation(config, folder, pairs, translator, session)
    soft_labels = ask_once(network.distillation, steps.batches, network.vocabulary_size)
    network.fit(
        data.as_dataset(steps.batches, state.epoch, steps.length, soft_labels),
        validation_data=run_data.evaluation_data(config.data, pairs.valid, drafter),
        validation_freq=steps.evaluated,
        epochs=steps.epochs,
        initial_epoch=state.epoch,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    return state


def _take_folder(
    config: ExperimentConfig,
    folder: RunFolder,
    network: SequenceToSequence,
    state: RunState,
    session: Session,
) -> None:
    """Holds the folder, and makes it that of the run; raises if it is another process'."""
    folder.lock.hold()
    if folder.stamp() != session.stamp:
        raise ValueError(
            f"Another process worked in {folder.path} meanwhile. The same command looks again."
        )
    if state.changes and session.changes:  # a run killed before `open` makes them again
        save_progress(folder, network, state)
    folder.open(config, session.environment)


def _distillation(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    translator: Translator,
    session: Session,
) -> training.Distillation | None:
    """What the network learns from teachers, those that are missing trained; often nothing."""
    at_once = config.distillation.at_once
    teach = functools.partial(
        train,
        show_progress=session.show_progress and at_once == 1,  # one bar a terminal
        accept_changes=session.accept_changes,
    )
    teachers = train_teachers(session.teachers, folder, pairs, translator, teach, at_once)
    return training.Distillation(teachers, config.distillation.weight) if teachers else None


def _of_the_session(
    session: Session, folder: RunFolder, drafter: Translator, held_out: Pairs, state: RunState
) -> list[keras.callbacks.Callback]:
    """The callbacks that come last: who watches, and what the caller brings."""
    save = functools.partial(save_progress, folder, drafter.network, state)
    watching = [] if session.watch is None else [WatchRun(state, session.watch, save)]
    return watching + [
        each if isinstance(each, keras.callbacks.Callback) else each(drafter, held_out)
        for each in session.callbacks
    ]


def _steps(config: ExperimentConfig, pairs: Pairs, drafter: Translator) -> Steps:
    """What an epoch of the run is, and which of them are evaluated."""
    batches = data.training_batches(
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
    length = config.training.steps_per_epoch or len(batches)
    epochs = min(config.training.epochs, config.training.stop_after or config.training.epochs)
    return Steps(batches, length, epochs, evaluated_epochs(epochs, config.training.evaluate_every))
