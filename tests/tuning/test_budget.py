import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Budget, SearchSpace, TrialRecord


def test_the_nearest_limit_counts() -> None:
    budget = Budget(max_trials=10, max_seconds=60, max_tokens=1000)
    assert budget.share(seconds=6, tokens=200, trials=3) == 0.3
    assert budget.share(seconds=6, tokens=900, trials=3) == 0.9
    assert budget.share(seconds=90, tokens=0, trials=0) == 1.0
    assert Budget(max_trials=4).share(seconds=1e9, tokens=10**9, trials=1) == 0.25


@pytest.mark.usefixtures("trainer")
def test_the_time_of_earlier_sessions_counts_once(
    config: ExperimentConfig, space: SearchSpace, tmp_path: Path
) -> None:
    """A record has the time of the search at its end, with that of the trials before."""
    tuning.tune(config, tmp_path / "search", Budget(max_trials=3), space)
    for trial, elapsed in (("0000", 1000.0), ("0001", 2000.0), ("0002", 3000.0)):
        path = tmp_path / "search" / "trials" / trial / "trial.json"
        dataclasses.replace(TrialRecord.read(path), elapsed=elapsed).write(path)
    budget = Budget(max_trials=4, max_seconds=5000)
    result = tuning.tune(config, tmp_path / "search", budget, space)
    assert len(result.trials) == 4
    assert 3000 < result.trials[3].elapsed < 4000


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "a search needs a limit: .* Received: none of them"),
        ({"max_trials": 0}, "`max_trials` must be an integer of at least 1. Received: 0"),
        ({"max_seconds": 0.0}, "`max_seconds` must be a number above 0. Received: 0.0"),
        ({"max_tokens": 1.5}, "`max_tokens` must be an integer of at least 1. Received: 1.5"),
    ],
)
def test_a_budget_has_a_limit_above_0(limits: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Budget(**limits)
