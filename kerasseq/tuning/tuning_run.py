"""A search from its beginning to its end, or from where a killed one stood."""

import logging
import os
from collections.abc import Mapping
from typing import Any

from kerasseq import checks
from kerasseq.experiments import ExperimentConfig, environment
from kerasseq.experiments.run_data import named_files
from kerasseq.experiments.threads import fix_threads
from kerasseq.translation.backend import check_backend
from kerasseq.tuning.budget import Budget
from kerasseq.tuning.experiment_tuner import ExperimentTuner
from kerasseq.tuning.hyperparameters import declared
from kerasseq.tuning.oracles import SearchOracle, build_oracle
from kerasseq.tuning.search_folder import SearchFolder
from kerasseq.tuning.search_space import SearchSpace
from kerasseq.tuning.sequence_to_sequence_hyper_model import SequenceToSequenceHyperModel
from kerasseq.tuning.trial_progress import SearchInterrupted
from kerasseq.tuning.tuning_listener import TuningListener
from kerasseq.tuning.tuning_result import TuningResult

logger = logging.getLogger(__name__)


def tune(
    config: ExperimentConfig,
    output: str | os.PathLike[str],
    budget: Budget,
    space: SearchSpace | str = "small_data",
    algorithm: str = "random",
    objective: str | None = None,
    seed: int | None = None,
    options: Mapping[str, Any] | None = None,
    listener: TuningListener | None = None,
) -> TuningResult:
    """Searches for the configuration that makes an objective best.

    Each trial is a run of `kerasseq.experiments` on training and held-out pairs; test pairs are not
    looked at. A trial that fails, of whatever, is written down with its reason, and the search goes
    on. The same call on the same folder goes on where a killed search stood: no trial is run twice,
    and it ends as one that was never killed. A larger budget makes a finished search go on.

    Args:
        config: what holds for all that is not searched. Its `training.epochs` are those of a whole
            training; Hyperband stops most trials before.
        output: the search's folder: `best.yaml` (the best configuration, as `train` takes it),
            `trials.csv` (a line a trial), `search.yaml`, `trials/` (a run folder each).
        budget: when it ends.
        space: the `SearchSpace`, or the name of one.
        algorithm: `"random"`, `"hyperband"` or `"bayesian"`.
        objective: what is made better, such as `"val_chrf"`; its name says the direction. `None`
            takes the configuration's `training.monitor`.
        seed: which trials are drawn; `None` takes the configuration's.
        options: of KerasTuner's oracle, such as `{"factor": 4}` for Hyperband or
            `{"num_initial_points": 8}` for Bayesian search.
        listener: told what happens.

    Raises:
        ImportError: if a package is missing.
        ValueError: if an argument is none of its options, data or space are not usable, or
            `output` holds another search, another process searches in it, or Keras' backend is not
            TensorFlow.

    Example:

    ```python
    config = ExperimentConfig.read("small_data")
    space = tuning.SearchSpace.named("small_data").fix("model.cell", "gru")
    result = tuning.tune(config, "runs/search", tuning.Budget(max_trials=20), space)
    result.translator()(["text"])
    ```
    """
    check_backend()
    checks.check_folder("output", output)
    objective = config.training.monitor if objective is None else objective
    seed = config.seed if seed is None else seed
    hypermodel = SequenceToSequenceHyperModel(config, space, objective, output)
    oracle = _build_oracle(hypermodel, algorithm, seed, options or {})
    _fix_threads(hypermodel)
    # Data that cannot be read is an error of the search, and of no trial.
    logger.info("Searching on %d training pairs.", len(hypermodel.pairs.train))
    said = {
        "algorithm": {"name": algorithm, **(options or {})},
        "objective": objective,
        "seed": seed,
        "space": hypermodel.space.to_dict(),
        "config": config.to_dict(),
        "data": _fingerprints(config),
    }
    folder = SearchFolder(output)
    with folder.lock.held():
        folder.open(said)
        tuner = ExperimentTuner(oracle, hypermodel, folder, budget, listener or TuningListener())
        try:
            tuner.search()
        except SearchInterrupted as interruption:
            raise (interruption.__cause__ or interruption) from None
    if not tuner.is_over():
        logger.warning("The space has no more values to try: the search ends before its budget.")
    direction = hypermodel.objective.direction
    return TuningResult(str(folder.path), objective, direction, tuple(tuner.records))


def _fix_threads(hypermodel: SequenceToSequenceHyperModel) -> None:
    """Once for all trials, whatever vocabularies they draw."""
    fixed = hypermodel.space.fill(hypermodel.config, {})
    fix_threads(fixed.training.threads, fixed.training.parallelism, fixed.target_tokens)


def _build_oracle(
    hypermodel: SequenceToSequenceHyperModel,
    algorithm: str,
    seed: int,
    options: Mapping[str, Any],
) -> SearchOracle:
    oracle = build_oracle(
        algorithm,
        hypermodel.objective,
        declared(hypermodel.space, hypermodel.config),
        seed,
        hypermodel.space.fill(hypermodel.config, {}).training.epochs,
        **options,
    )
    if algorithm == "hyperband":
        _check_epochs(hypermodel.space, hypermodel.config)
    return oracle


def _fingerprints(config: ExperimentConfig) -> dict[str, str]:
    """What is in the files that all trials read, by field."""
    files = environment.fingerprints(named_files(config))
    return {name: file["sha256"] for name, file in files.items()}


def _check_epochs(space: SearchSpace, config: ExperimentConfig) -> None:
    if "training.epochs" in space.searched:
        raise ValueError(
            "Hyperband decides how many epochs a trial has: `training.epochs` cannot be searched. "
            f"Received: {space['training.epochs']!r}. Fix it, or use another algorithm."
        )
    every = space.fill(config, {}).training.evaluate_every
    if every != 1 or "training.evaluate_every" in space.searched:
        # Where a trial stops for a while it is evaluated, and may be best; a whole run is not.
        raise ValueError(
            "Hyperband needs `training.evaluate_every` of 1, so that the best configuration trains "
            f"again to the same weights. Received: {space.get('training.evaluate_every', every)!r}."
        )
