"""A mean of epochs that are far from one another is worse than the best of them, and not kept."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from kerasseq.data import Pairs
from kerasseq.experiments import ExperimentConfig, RunState
from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.final_weights import set_final_weights
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder

WORDS = [str(number) for number in range(20)]
PAIRS = Pairs(WORDS, WORDS)


class Network:
    def __init__(self) -> None:
        self.weight = np.array(0.0)

    def get_weights(self) -> list[np.ndarray]:
        return [self.weight]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        (self.weight,) = weights

    def evaluate(self, dataset: Any, **options: Any) -> dict[str, float]:
        return {"loss": float(self.weight)}


class Output(NamedTuple):
    text: str


class Echo:
    """Says again as many of the words as its network's only weight says, and `?` for others."""

    source_codec = target_codec = None

    def __init__(self) -> None:
        self.network = Network()

    def __call__(self, texts: Sequence[str]) -> list[Output]:
        return [Output(text if int(text) < self.network.weight else "?") for text in texts]


@pytest.fixture
def end(
    tiny_config: Callable[..., ExperimentConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[list[int], float]]:
    """Ends a run of some weights and scores by epoch; returns the epochs and the weight."""
    monkeypatch.setattr("kerasseq.experiments.run_data.evaluation_data", lambda *arguments: None)

    def end_run(
        weights: dict[int, float],
        scores: dict[int, float],
        monitor: str = "val_exact_match",
        **state: Any,
    ) -> tuple[list[int], float]:
        translator: Any = Echo()
        checkpoints = Checkpoints(RunFolder(tmp_path).checkpoints)
        for epoch, weight in weights.items():
            translator.network.set_weights([np.array(weight)])
            checkpoints.save_weights(translator.network, epoch)
        history = [{"epoch": epoch, monitor: score} for epoch, score in scores.items()]
        config = tiny_config(monitor=monitor, valid_sentences=None)
        epochs = set_final_weights(
            config,
            RunFolder(tmp_path),
            RunData(PAIRS, PAIRS, None),
            translator,
            translator,
            RunState(history=history, **state),
        )
        return epochs, float(translator.network.weight)

    return end_run


def test_a_mean_that_is_no_worse_is_kept(end: Any, caplog: pytest.LogCaptureFixture) -> None:
    """19 of 20 words are right with the mean, as many as a margin of 5 % allows."""
    found = end({3: 20.0, 2: 18.0}, {1: 5.0, 2: 90.0, 3: 100.0}, best_epochs=[3, 2])
    assert found == ([3, 2], 19.0)
    assert not caplog.records


def test_the_best_epoch_is_kept_in_place_of_a_mean_that_is_worse(
    end: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = end({3: 20.0, 1: 4.0}, {1: 20.0, 3: 100.0}, best_epochs=[3, 1])
    assert found == ([3], 20.0)
    assert "mean of the epochs 1, 3 has val_exact_match 60, epoch 3 alone 100" in caplog.text


def test_of_the_last_epochs_the_last_one_is_kept(end: Any) -> None:
    weights = {2: 20.0, 3: 4.0, 4: 18.0}
    found = end(weights, {2: 100.0, 4: 90.0}, best_epochs=[2], last_epochs=[3, 4])
    assert found == ([4], 18.0)


@pytest.mark.parametrize(
    ("first", "epochs"), [(1.5, [2, 1]), (1.42, [2, 1]), (1.7, [2]), (float("nan"), [2])]
)
def test_of_a_loss_less_is_better(end: Any, first: float, epochs: list[int]) -> None:
    """The best epoch has a loss of 0.96, the mean one between both weights."""
    found, _ = end({1: first, 2: 0.5}, {1: 2.0, 2: 0.96}, "val_loss", best_epochs=[2, 1])
    assert found == epochs


def test_epochs_without_a_score_are_averaged(end: Any) -> None:
    found = end({1: 4.0, 2: 8.0}, {1: 20.0}, best_epochs=[1], last_epochs=[1, 2])
    assert found == ([1, 2], 6.0)
