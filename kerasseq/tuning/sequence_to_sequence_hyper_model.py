import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from kerasseq import experiments
from kerasseq.experiments import ExperimentConfig, RunData
from kerasseq.experiments.watch_run import Watch
from kerasseq.models import SequenceToSequence
from kerasseq.translation import Translator
from kerasseq.tuning import hyperparameters
from kerasseq.tuning.codec_cache import CodecCache
from kerasseq.tuning.engine import keras_tuner
from kerasseq.tuning.objectives import get_objective, reported_metrics
from kerasseq.tuning.partial_runs import stopping_after, take_over
from kerasseq.tuning.search_space import SearchSpace
from kerasseq.tuning.trained_trial import TrainedTrial


class SequenceToSequenceHyperModel(keras_tuner.HyperModel):
    """Makes networks and their data out of hyperparameters, and trains them as experiments.

    For KerasTuner's own tuners, and for `kerasseq.tuning.tune`, which adds what a long search
    needs. `build` gives a built and untrained network; `fit` trains it with `kerasseq.experiments`
    and returns its scores. Pairs are read once, and each tokenizer is trained once, for all trials.

    Args:
        config: what holds for all that is not searched.
        space: the `SearchSpace`, or the name of one.
        objective: what chooses the best epoch of a trial; one of `get_objective`.
        folder: where runs and codecs go; `None` for a temporary folder that goes with the object.
        name: of the hypermodel.
        tunable: as KerasTuner says.

    Raises:
        ValueError: if space or objective is none, or they do not go with the configuration.

    Example:

    >>> from kerasseq.experiments import DataConfig, ExperimentConfig
    >>> from kerasseq.tuning import SequenceToSequenceHyperModel
    >>> config = ExperimentConfig(data=DataConfig(sample="tatoeba_eng_swe"))
    >>> hypermodel = SequenceToSequenceHyperModel(config, "training", objective="val_chrf")
    >>> hypermodel.config.training.monitor
    'val_chrf'
    """

    def __init__(
        self,
        config: ExperimentConfig,
        space: SearchSpace | str = "small_data",
        objective: str = "val_loss",
        folder: str | os.PathLike[str] | None = None,
        name: str | None = None,
        tunable: bool = True,
    ) -> None:
        super().__init__(name=name, tunable=tunable)
        self.space = SearchSpace.named(space) if isinstance(space, str) else space
        self.objective = get_objective(objective)
        training = dataclasses.replace(config.training, monitor=objective)
        metrics = reported_metrics(config, objective)
        self.config = dataclasses.replace(config, training=training, metrics=metrics)
        check_space(self.space, self.config)
        self.folder = _temporary_folder(self) if folder is None else Path(folder)
        self._pairs: RunData | None = None
        self._codecs: CodecCache | None = None
        self._latest: Translator | None = None

    @property
    def pairs(self) -> RunData:
        """The pairs of all trials, read when they are first needed; the test pairs are left out."""
        if self._pairs is None:
            self._pairs = experiments.read_data(self.config.data)._replace(test=None)
        return self._pairs

    def declare_hyperparameters(self, hp: Any) -> None:
        """Makes the whole space known, with its conditions."""
        hyperparameters.declare(hp, self.space, self.config)

    def trial_values(self, hp: Any) -> dict[str, Any]:
        """Returns the searched fields and what they are in a trial.

        Args:
            hp: KerasTuner's hyperparameters.
        """
        return hyperparameters.declare(hp, self.space, self.config)

    def trial_config(self, hp: Any) -> ExperimentConfig:
        """Returns the configuration of a trial.

        Args:
            hp: KerasTuner's hyperparameters; Hyperband's own say after how many epochs it stops.
        """
        config = self.space.fill(self.config, self.trial_values(hp))
        return stopping_after(config, hp.values.get("tuner/epochs"))

    def build_translator(self, config: ExperimentConfig) -> Translator:
        """Returns the untrained translator of a configuration.

        Args:
            config: of a trial.
        """
        if self._codecs is None:
            self._codecs = CodecCache(self.pairs.train, self.folder / "codecs")
        # A fine-tuning has the codecs of its file.
        codecs = None if config.fine_tuning.model else self._codecs.codecs(config)
        return experiments.build_translator(config, self.pairs, codecs)

    def build(self, hp: Any) -> SequenceToSequence:
        """Returns the network of a trial, built and untrained.

        Args:
            hp: KerasTuner's hyperparameters.
        """
        self._latest = self.build_translator(self.trial_config(hp))
        return self._latest.network

    def fit(
        self,
        hp: Any,
        model: SequenceToSequence,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        epochs: int | None = None,
        initial_epoch: int = 0,
        verbose: int = 0,
    ) -> dict[str, float]:
        """Trains a network that `build` made, and returns its scores on the held-out pairs.

        Args:
            hp: KerasTuner's hyperparameters.
            model: the network; afterwards it has the weights of its best epoch.
            callbacks: KerasTuner's, and yours.
            epochs: after how many epochs it stops, as Hyperband says.
            initial_epoch: how many of them another trial with the same values has done.
            verbose: unused; what a run logs, `logging` shows or hides.
        """
        config = stopping_after(self.trial_config(hp), epochs)
        before = None
        if initial_epoch:
            before = self._run_folder(stopping_after(config, initial_epoch))
        translator = self._translator_of(model, config)
        return dict(
            self.train(config, self._run_folder(config), translator, before, callbacks).metrics
        )

    def train(
        self,
        config: ExperimentConfig,
        output: str | os.PathLike[str],
        translator: Translator | None = None,
        go_on_from: Path | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        watch: Watch | None = None,
    ) -> TrainedTrial:
        """Trains one configuration in a run folder, and returns what came of it.

        Args:
            config: of a trial.
            output: the run's folder; a run that stands there goes on.
            translator: untrained; built if not given.
            go_on_from: the folder of a run with the same configuration but for its end.
            callbacks: more Keras callbacks.
            watch: sees the run's progress after each epoch; `True` ends the training.
        """
        output = Path(output)
        if go_on_from is not None and not (output / "checkpoints").exists():
            take_over(go_on_from, output, config)
        translator = self.build_translator(config) if translator is None else translator
        run = experiments.train(
            config,
            output,
            show_progress=False,
            pairs=self.pairs,
            translator=translator,
            callbacks=callbacks,
            watch=watch,
        )
        if run.translator is not translator:  # it was finished before
            translator.network.set_weights(run.translator.network.get_weights())
        self._latest = None
        return TrainedTrial.of(run, config.metrics)

    def _translator_of(self, network: SequenceToSequence, config: ExperimentConfig) -> Translator:
        latest = self._latest
        if latest is None or latest.network is not network:
            raise ValueError(
                "`model` must be the network that the last call of `build` returned. "
                f"Received: {network.name!r}."
            )
        return latest

    def _run_folder(self, config: ExperimentConfig) -> Path:
        said = json.dumps(config.to_dict(), sort_keys=True)
        return self.folder / "runs" / hashlib.sha256(said.encode()).hexdigest()[:16]


def _temporary_folder(owner: Any) -> Path:
    """A folder that goes when its owner does."""
    path = tempfile.mkdtemp(prefix="kerasseq-")
    weakref.finalize(owner, shutil.rmtree, path, ignore_errors=True)
    return Path(path)


def check_space(space: SearchSpace, config: ExperimentConfig) -> None:
    """Raises if a space has no meaning beside a configuration, or nothing left to search.

    Args:
        space: what is searched.
        config: what it is searched around.

    Raises:
        ValueError: if so.
    """
    hyperparameters.declared(space, config)
    for name, parameter in space.items():
        for value in parameter.examples():
            try:
                space.fill(config, {name: value})
            except (TypeError, ValueError) as error:
                raise ValueError(f"`{name}` of the space: {error}") from error
    if "training.batch_tokens" in space and config.training.batch_size is not None:
        raise ValueError(
            "`training.batch_tokens` has no effect beside `training.batch_size`. Received: both, "
            f"with batch_size {config.training.batch_size}. Set one of them to null."
        )
