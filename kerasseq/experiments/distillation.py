"""The trained networks that a run learns from beside its labels."""

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import tensorflow as tf

from kerasseq.data import SoftLabels, TokenBatches
from kerasseq.experiments.building import build_translator
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.runs_at_once import Training, run_at_once
from kerasseq.models import SequenceToSequence
from kerasseq.training import Distillation
from kerasseq.translation import Ensemble, Translator

# What a run keeps in memory of what its teachers say; beyond that they are asked at each step.
MOST_BYTES = 2**30

logger = logging.getLogger(__name__)


class Teachers(NamedTuple):
    """What a configuration says of teachers, looked at before anything is trained.

    Attributes:
        networks: of the files that it names.
        configs: of those that the run trains itself.
    """

    networks: list[SequenceToSequence]
    configs: list[ExperimentConfig]


def find_teachers(config: ExperimentConfig, student: Translator) -> Teachers:
    """Reads the teachers that a configuration names, and what is to be trained; often nothing.

    Args:
        config: the run's configuration.
        student: who learns from them.

    Raises:
        FileNotFoundError: if there is no such file or recipe.
        ValueError: if a teacher has other tokens than the student, or the recipe teachers.
    """
    networks: list[SequenceToSequence] = []
    for path in config.distillation.teachers:
        teacher = Translator.load(path)
        _check_tokens(path, teacher, student)
        networks += _networks(teacher)
    return Teachers(networks, list(_configs(config)))


def check_teachers(teachers: Teachers, folder: RunFolder) -> None:
    """Raises if the folder holds teachers of another recipe: one that was changed since.

    Args:
        teachers: what `find_teachers` gave.
        folder: the run's files.

    Raises:
        ValueError: if it does.
    """
    for config in teachers.configs:
        own = folder.teacher(config.seed)
        own.check(_on_this_machine(config, own))


def _on_this_machine(config: ExperimentConfig, own: RunFolder) -> ExperimentConfig:
    """A teacher's configuration with the threads that its folder says, if there is one.

    What they are asked for may change from session to session; this process has the run's.
    """
    if not own.config.exists():
        return config
    before = ExperimentConfig.read(own.config).training
    training = dataclasses.replace(
        config.training, threads=before.threads, parallelism=before.parallelism
    )
    return dataclasses.replace(config, training=training)


def train_teachers(
    teachers: Teachers,
    folder: RunFolder,
    pairs: RunData,
    student: Translator,
    train: Callable[..., Any],
    at_once: int = 1,
) -> list[SequenceToSequence]:
    """Returns all teachers; those of a recipe are trained, unless that was done before.

    They see the run's training and held-out pairs, and no others, and have the student's tokens.

    Args:
        teachers: what `find_teachers` gave.
        folder: the run's files.
        pairs: the run's pairs.
        student: who learns from them.
        train: `kerasseq.experiments.train`.
        at_once: how many are trained at the same time.
    """
    networks, missing = list(teachers.networks), {}
    for number, wanted in enumerate(teachers.configs, 1):
        if folder.teacher(wanted.seed).read_report() is None:
            title = f"Teacher {number} of {len(teachers.configs)}, seed {wanted.seed}:"
            prepare = functools.partial(_prepare, title, wanted, folder, pairs, student, train)
            missing[f"seed {wanted.seed}"] = prepare
    run_at_once(missing, at_once)
    for wanted in teachers.configs:
        networks += _networks(Translator.load(folder.teacher(wanted.seed).model))
    if teachers.configs:
        logger.info("Teachers: %d. Now the student:", len(networks))
    return networks


def _prepare(
    title: str,
    wanted: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    student: Translator,
    train: Callable[..., Any],
) -> Training:
    """Returns the training of a teacher, whose network is built now."""
    logger.info(title)
    own, known = folder.teacher(wanted.seed), RunData(pairs.train, pairs.valid, None)
    config = _on_this_machine(wanted, own)
    codecs = (student.source_codec, student.target_codec)
    untrained = build_translator(config, known, codecs)
    return functools.partial(train, config, own.path, pairs=known, translator=untrained)


def ask_once(
    distillation: Distillation | None, batches: TokenBatches, vocabulary_size: int
) -> SoftLabels | None:
    """Returns what teachers say of each target token, if that stays the same and is not too much.

    Args:
        distillation: the teachers, if there are any.
        batches: those of the run.
        vocabulary_size: of the target.
    """
    size = 4 * batches.target_tokens * vocabulary_size
    if distillation is None or batches.resample is not None or size > MOST_BYTES:
        return None
    logger.info("Asking the teachers: %.0f MB of soft labels.", size / 1e6)
    ids = tf.TensorSpec((None, None), tf.int32)
    ask = tf.function(distillation.probabilities, [[ids, ids]], autograph=False)
    return SoftLabels(batches, ask, vocabulary_size)


def _configs(config: ExperimentConfig) -> Iterator[ExperimentConfig]:
    if config.distillation.recipe is None:
        return
    recipe = ExperimentConfig.read(config.distillation.recipe)
    if recipe.distillation.teachers or recipe.distillation.recipe:
        raise ValueError(
            "`distillation.recipe` must be a configuration without teachers of its own. "
            f"Received: {config.distillation.recipe!r}."
        )
    for seed in config.distillation.seeds:
        yield dataclasses.replace(
            recipe,
            data=dataclasses.replace(config.data, test=None, test_target=None),
            source_text=config.source_text,
            target_text=config.target_text,
            share_vocabulary=config.share_vocabulary,
            training=dataclasses.replace(
                recipe.training,
                epochs=config.distillation.epochs or recipe.training.epochs,
                # What the machine is asked for, the run says: one process has one number of
                # threads.
                threads=config.training.threads,
                parallelism=config.training.parallelism,
                dtype=config.training.dtype,
            ),
            seed=seed,
        )


def _networks(teacher: Translator) -> list[SequenceToSequence]:
    network = teacher.network
    return network.networks if isinstance(network, Ensemble) else [network]


def _check_tokens(path: str, teacher: Translator, student: Translator) -> None:
    for side in ("source", "target"):
        theirs, ours = (getattr(each, f"{side}_codec").vocabulary for each in (teacher, student))
        if theirs != ours:
            raise ValueError(
                f"`distillation.teachers` must have the {side} tokens of the run, each with its "
                f"id. Received: {path!r} with {len(theirs):,} {side} tokens, of which "
                f"{len(set(theirs) & set(ours)):,} are among the run's {len(ours):,}. Train it on "
                f"the same pairs with the same `{side}_text`."
            )
