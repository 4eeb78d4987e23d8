"""Searches that train nothing: what a trial reaches is a function of its configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kerasseq import data, tuning
from kerasseq.experiments import (
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    RunState,
    SearchConfig,
    TextConfig,
    TrainingConfig,
    network_session,
)
from kerasseq.tuning.trained_trial import TrainedTrial

TOKENS = 100  # of an epoch


def write_dates(path: Path, size: int, seed: int) -> str:
    pairs = data.generate_dates(size, seed)
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf8")
    return str(path)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> ExperimentConfig:
    """A network that is trained within seconds, and test pairs that no search may look at."""
    folder = tmp_path_factory.mktemp("dates")
    text = TextConfig(tokenizer="character", vocabulary_size=64)
    return ExperimentConfig(
        data=DataConfig(
            train=write_dates(folder / "train.tsv", 160, seed=1),
            valid=write_dates(folder / "valid.tsv", 12, seed=2),
            test=write_dates(folder / "test.tsv", 12, seed=3),
        ),
        source_text=text,
        target_text=text,
        model=ModelConfig(
            embedding_units=8, encoder_units=8, decoder_units=16, cell="gru", dropout=0.1
        ),
        training=TrainingConfig(epochs=2, monitor="val_loss"),
        search=SearchConfig(options={"num_beams": 2}),
    )


@pytest.fixture(scope="session")
def space() -> tuning.SearchSpace:
    return tuning.SearchSpace(
        {
            "model.cell": tuning.Choice(("gru", "lstm")),
            "training.learning_rate": tuning.Range(1e-4, 1e-2, scale="log"),
        }
    )


class Training(NamedTuple):
    """One call of the training that is none.

    Attributes:
        config: what was to be trained.
        output: the run's folder.
        go_on_from: the folder of the run that it went on from.
        epochs: how many epochs there are in the folder at its end.
    """

    config: ExperimentConfig
    output: Path
    go_on_from: Path | None
    epochs: int


class Trainer:
    """Takes the place of the training of a trial.

    Attributes:
        loss: from a configuration to the loss after its first epoch; may raise.
        ran: the trainings so far.
    """

    def __init__(self) -> None:
        self.loss: Callable[[ExperimentConfig], float] = lambda config: (
            config.training.learning_rate
        )
        self.ran: list[Training] = []

    def __call__(
        self,
        config: ExperimentConfig,
        output: Path,
        translator: Any = None,
        go_on_from: Path | None = None,
        callbacks: Any = (),
        watch: Any = None,
    ) -> TrainedTrial:
        """Trains nothing, but goes through the epochs, each a bit better than the one before."""
        history = [line for line in self.ran if line.output == go_on_from]
        epoch = history[-1].epochs if history else 0
        loss = self.loss(config)
        while epoch < (config.training.stop_after or config.training.epochs):
            epoch += 1
            row = {"epoch": epoch, config.training.monitor: loss / epoch}
            if watch(RunState(epoch=epoch, history=[row], target_tokens=TOKENS * epoch)):
                break
        (output / "checkpoints").mkdir(parents=True, exist_ok=True)
        self.ran.append(Training(config, output, go_on_from, epoch))
        return TrainedTrial({"val_loss": loss / epoch}, epoch, 1000, TOKENS * epoch)


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    made = Trainer()
    # A collection of garbage takes half a second, as much as dozens of these trials.
    monkeypatch.setattr(network_session, "release_memory", lambda known: None)
    monkeypatch.setattr(
        tuning.SequenceToSequenceHyperModel,
        "train",
        lambda self, *arguments, **options: made(*arguments, **options),
    )
    return made
