import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Budget, SearchSpace, tuning_run


@pytest.mark.usefixtures("trainer")
def test_all_trials_have_the_threads_that_the_search_begins_with(
    config: ExperimentConfig,
    space: SearchSpace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(tuning_run, "fix_threads", lambda *given: told.append(given))
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, threads=3))
    space = space.fix("target_text.vocabulary_size", 50)
    tuning.tune(config, tmp_path / "search", Budget(max_trials=2), space)
    assert told == [(3, "auto", 50)]
