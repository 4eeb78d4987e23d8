"""A run that is small enough to be trained many times: dates, character by character."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerasseq import data
from kerasseq.experiments import (
    DataConfig,
    ExperimentConfig,
    ModelConfig,
    SearchConfig,
    TextConfig,
    TrainingConfig,
)


def write_dates(path: Path, size: int, seed: int) -> str:
    pairs = data.generate_dates(size, seed)
    lines = [f"{source}\t{target}\n" for source, target in pairs]
    path.write_text("".join(lines), encoding="utf8")
    return str(path)


@pytest.fixture(scope="session")
def date_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("dates")
    return {
        "train": write_dates(folder / "train.tsv", 160, seed=1),
        "valid": write_dates(folder / "valid.tsv", 12, seed=2),
        "test": write_dates(folder / "test.tsv", 12, seed=3),
    }


@pytest.fixture(scope="session")
def tiny_config(date_files: dict[str, str]) -> Callable[..., ExperimentConfig]:
    """Returns a function that makes a configuration; its arguments change the training."""

    def make(**training: Any) -> ExperimentConfig:
        text = TextConfig(tokenizer="character", vocabulary_size=64)
        return ExperimentConfig(
            data=DataConfig(
                train=date_files["train"], valid=date_files["valid"], test=date_files["test"]
            ),
            source_text=text,
            target_text=text,
            model=ModelConfig(
                name="bidirectional_luong",
                embedding_units=8,
                encoder_units=8,
                decoder_units=16,
                cell="gru",
                dropout=0.1,
            ),
            training=TrainingConfig(
                **{"epochs": 2, "batch_tokens": None, "batch_size": 32, **training}
            ),
            search=SearchConfig(options={"num_beams": 2}),
        )

    return make
