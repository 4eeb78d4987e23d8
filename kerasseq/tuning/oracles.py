"""How the next trial is chosen: KerasTuner's oracles, with an end that the budget says."""

import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kerasseq.tuning.engine import keras_tuner

LARGEST_SEED = 2**32 - 1


class SearchOracle(keras_tuner.Oracle):
    """What the oracles share: it draws until it is told that the search is over.

    Nothing but the seed and the trials' results decides what is drawn: an oracle that is made
    again, and told the results again, draws the same.
    """

    is_over: Callable[[], bool]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial, or that there is none."""
        if self.is_over():
            return {"status": keras_tuner.engine.trial.TrialStatus.STOPPED, "values": None}
        return super().populate_space(trial_id)


class RandomSearchOracle(SearchOracle, keras_tuner.oracles.RandomSearchOracle):
    """Draws each trial at random, no two alike."""


class HyperbandOracle(SearchOracle, keras_tuner.oracles.HyperbandOracle):
    """Begins many trials with few epochs, and goes on with the best."""


class BayesianOptimizationOracle(SearchOracle, keras_tuner.oracles.BayesianOptimizationOracle):
    """Draws where a Gaussian process, fitted to the trials so far, expects most."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial, or that there is none."""
        with warnings.catch_warnings():
            # That the process' kernel is at its bounds: they are KerasTuner's, nobody can act.
            warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
            return super().populate_space(trial_id)


ORACLES: Mapping[str, type[SearchOracle]] = MappingProxyType(
    {
        "random": RandomSearchOracle,
        "hyperband": HyperbandOracle,
        "bayesian": BayesianOptimizationOracle,
    }
)


def build_oracle(
    algorithm: str,
    objective: Any,
    hyperparameters: Any,
    seed: int,
    max_epochs: int,
    **options: Any,
) -> SearchOracle:
    """Makes an oracle by name. It never gives up: neither after failed trials nor at a number.

    Args:
        algorithm: a name in `ORACLES`.
        objective: KerasTuner's.
        hyperparameters: the whole space, as KerasTuner knows it.
        seed: what is drawn depends on it.
        max_epochs: epochs of a whole training, for Hyperband.
        **options: what else KerasTuner's oracle of that name takes, such as `factor` of Hyperband
            or `num_initial_points` of Bayesian search.

    Raises:
        ImportError: if a package is missing that the algorithm needs.
        TypeError: if an option is unknown.
        ValueError: if no oracle has that name.
    """
    if algorithm not in ORACLES:
        raise ValueError(
            f"`algorithm` must be one of {', '.join(ORACLES)}. Received: {algorithm!r}."
        )
    # KerasTuner takes 0 for "no seed"; and its draws count the seed up, so that seeds side by side
    # would share most of their draws.
    own_seed = 1_000_003 * seed
    if algorithm == "bayesian":
        _check_installed("scipy", "sklearn")
        own_seed %= LARGEST_SEED  # it is NumPy's, too
    if algorithm == "hyperband":
        # Iterations without end: what ends the search is its budget.
        options = {"max_epochs": max_epochs, "hyperband_iterations": None, **options}
    else:
        options = {"max_trials": None, **options}
    return ORACLES[algorithm](
        objective=objective,
        hyperparameters=hyperparameters,
        seed=1 + own_seed,
        max_consecutive_failed_trials=sys.maxsize,
        **options,
    )


def _check_installed(*packages: str) -> None:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"Bayesian search needs {' and '.join(missing)}, which do not come with KerasTuner. "
            "Install with `pip install 'kerasseq[tune]'`."
        )
