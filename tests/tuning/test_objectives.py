import pytest

from kerasseq.evaluation import METRICS
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import get_objective
from kerasseq.tuning.objectives import reported_metrics


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_loss", "min"),
        ("val_perplexity", "min"),
        ("val_accuracy", "max"),
        ("val_bleu", "max"),
        ("val_chrf", "max"),
        ("val_exact_match", "max"),
        ("val_sequence_error_rate", "min"),
        ("val_word_error_rate", "min"),
        ("val_phoneme_error_rate", "min"),
        ("val_character_error_rate", "min"),
    ],
)
def test_the_name_says_the_direction(name: str, direction: str) -> None:
    objective = get_objective(name)
    assert (objective.name, objective.direction) == (name, direction)


def test_every_metric_can_be_an_objective() -> None:
    assert all(get_objective(f"val_{name}") for name in METRICS)


def test_an_unknown_objective_is_named_with_all_there_are() -> None:
    with pytest.raises(ValueError, match=r"one of val_loss, .*val_bleu.* Received: 'bleu'"):
        get_objective("bleu")


def test_what_everybody_wants_to_know_is_reported_and_the_objective_too() -> None:
    config = ExperimentConfig(metrics=["chrf", "character_error_rate"])
    assert reported_metrics(config, "val_loss") == [
        *("chrf", "character_error_rate", "bleu", "exact_match", "word_error_rate")
    ]
    assert "phoneme_error_rate" in reported_metrics(config, "val_phoneme_error_rate")
