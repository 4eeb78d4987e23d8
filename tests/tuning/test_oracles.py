import importlib.util
from typing import Any

import pytest

from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import ORACLES, SearchSpace, get_objective
from kerasseq.tuning.hyperparameters import declared
from kerasseq.tuning.oracles import build_oracle


def draws(algorithm: str, space: SearchSpace, seed: int, count: int = 6) -> list[dict[str, Any]]:
    """The values of some trials that all fail."""
    hyperparameters = declared(space, ExperimentConfig())
    oracle = build_oracle(algorithm, get_objective("val_loss"), hyperparameters, seed, 9)
    oracle.is_over = lambda: False
    return [oracle.populate_space(str(trial))["values"] for trial in range(count)]


@pytest.mark.parametrize("algorithm", ["random", "hyperband"])
def test_the_seed_decides_what_is_drawn(algorithm: str, space: SearchSpace) -> None:
    first = draws(algorithm, space, seed=0)
    assert first == draws(algorithm, space, seed=0)
    rates = {each["training.learning_rate"] for each in first}
    others = {each["training.learning_rate"] for each in draws(algorithm, space, seed=1)}
    assert len(rates) == 6
    assert not rates & others


@pytest.mark.parametrize("algorithm", ORACLES)
def test_any_seed_of_a_configuration_makes_an_oracle(algorithm: str, space: SearchSpace) -> None:
    hyperparameters = declared(space, ExperimentConfig())
    objective = get_objective("val_loss")
    seeds = [0, 4294, 4295, 20261130, 2**32 - 2]
    made = [build_oracle(algorithm, objective, hyperparameters, seed, 9).seed for seed in seeds]
    assert len(set(made)) == len(seeds)
    assert min(made) == 1


def test_when_it_is_over_there_is_no_trial(space: SearchSpace) -> None:
    hyperparameters = declared(space, ExperimentConfig())
    oracle = build_oracle("random", get_objective("val_loss"), hyperparameters, 0, 9)
    oracle.is_over = lambda: True
    assert oracle.populate_space("0") == {"status": "STOPPED", "values": None}


def test_hyperband_ends_with_its_budget_and_not_before(space: SearchSpace) -> None:
    hyperparameters = declared(space, ExperimentConfig())
    objective = get_objective("val_loss")
    oracle = build_oracle("hyperband", objective, hyperparameters, 0, 9, factor=4)
    assert oracle.hyperband_iterations == float("inf")
    assert (oracle.max_epochs, oracle.factor) == (9, 4)
    options = {"factor": 4, "hyperband_iterations": 2}  # who asks for an end gets one
    oracle = build_oracle("hyperband", objective, hyperparameters, 0, 9, **options)
    assert oracle.hyperband_iterations == 2


def test_an_unknown_algorithm_is_named(space: SearchSpace) -> None:
    assert list(ORACLES) == ["random", "hyperband", "bayesian"]
    with pytest.raises(ValueError, match="one of random, hyperband, bayesian. Received: 'grid'"):
        build_oracle("grid", None, None, 0, 9)


def test_what_bayesian_search_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"needs scipy and sklearn.*`pip install 'kerasseq\[tune"):
        build_oracle("bayesian", None, None, 0, 9)


def test_an_unknown_option_is_named(space: SearchSpace) -> None:
    hyperparameters = declared(space, ExperimentConfig())
    with pytest.raises(TypeError, match="unexpected keyword argument 'factor'"):
        build_oracle("random", get_objective("val_loss"), hyperparameters, 0, 9, factor=3)
