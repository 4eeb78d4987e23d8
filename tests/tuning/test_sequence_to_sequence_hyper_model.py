"""Trials that are really trained: some ten seconds of CPU time each."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import keras
import pytest

from kerasseq import Translator, data, evaluation, experiments, tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Budget, Choice, SearchSpace, SequenceToSequenceHyperModel, TuningResult
from kerasseq.tuning.engine import keras_tuner


@pytest.fixture(scope="module")
def result(config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> TuningResult:
    """A search of two trials; the second has a batch size that makes it fail."""
    space = SearchSpace({"training.warmup_steps": Choice((5, 10)), "model.dropout": Choice((0.1,))})
    training = dataclasses.replace(config.training, epochs=1)
    return tuning.tune(
        dataclasses.replace(config, training=training),
        tmp_path_factory.mktemp("search") / "dates",
        Budget(max_trials=1),
        space,
        objective="val_loss",
    )


def test_a_trial_reports_loss_bleu_chrf_exact_match_and_word_errors(result: TuningResult) -> None:
    (trial,) = result.trials
    assert set(trial.metrics) == {
        *("loss", "val_loss", "val_perplexity", "val_accuracy"),
        *("val_bleu", "val_chrf", "val_exact_match", "val_word_error_rate"),
    }
    assert trial.status == "completed"
    assert trial.parameters == result.translator().network.count_params()
    assert trial.target_tokens == trial.total_tokens > 160


def test_the_best_trial_is_rebuilt_scored_and_translates(
    result: TuningResult, config: ExperimentConfig
) -> None:
    translator = result.translator()
    valid = data.read_tsv(str(config.data.valid))
    outputs = [translation.text for translation in translator(valid.sources)]
    scores = evaluation.evaluate(outputs, valid.references, ["chrf", "word_error_rate"]).values
    assert scores["chrf"] == pytest.approx(result.best.metrics["val_chrf"], abs=1e-3)
    expected = result.best.metrics["val_word_error_rate"]
    assert scores["word_error_rate"] == pytest.approx(expected, abs=1e-3)


def test_its_configuration_trains_again_to_the_same_validation_loss(
    result: TuningResult, tmp_path: Path
) -> None:
    """With the test pairs that the trial did not see, and tokenizers trained anew."""
    config = ExperimentConfig.read(Path(result.folder) / "best.yaml")
    assert config.data.test is not None
    run = experiments.train(config, tmp_path / "again", show_progress=False)
    assert run.report["split"] == "test"
    with open(tmp_path / "again" / "history.csv", encoding="utf-8") as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert min(losses) == result.best.metrics["val_loss"]
    for ours, theirs in zip(
        run.translator.network.get_weights(),
        result.translator().network.get_weights(),
        strict=True,
    ):
        assert (ours == theirs).all()


def test_build_gives_a_network_that_is_built(config: ExperimentConfig, tmp_path: Path) -> None:
    hypermodel = SequenceToSequenceHyperModel(config, "training", folder=tmp_path)
    hyperparameters = keras_tuner.HyperParameters()
    hypermodel.declare_hyperparameters(hyperparameters)
    network = hypermodel.build(hyperparameters)
    assert network.built
    assert all(weight.shape for weight in network.trainable_weights)
    assert hypermodel.pairs.test is None
    with pytest.raises(ValueError, match="the last call of `build` returned. Received: 'other'"):
        hypermodel.fit(hyperparameters, keras.Sequential(name="other"))


def test_a_value_that_the_configuration_refuses_is_an_error(config: ExperimentConfig) -> None:
    space = SearchSpace({"training.schedule": Choice(("cosine", "cosinus"))})
    message = r"`training.schedule` of the space: .* must be one of .* Received: 'cosinus'"
    with pytest.raises(ValueError, match=message):
        SequenceToSequenceHyperModel(config, space)


def test_a_space_that_has_no_effect_is_an_error(config: ExperimentConfig) -> None:
    training = dataclasses.replace(config.training, batch_size=8)
    with pytest.raises(ValueError, match="no effect beside `training.batch_size`. .*batch_size 8"):
        SequenceToSequenceHyperModel(dataclasses.replace(config, training=training), "training")


@pytest.mark.slow
def test_a_promoted_trial_is_as_one_trained_from_the_beginning(
    config: ExperimentConfig, tmp_path: Path
) -> None:
    space = SearchSpace({"model.decoder_units": Choice((8, 12, 16, 20, 24))})
    result = tuning.tune(
        *(config, tmp_path / "search", Budget(max_trials=3), space, "hyperband", "val_loss"),
        options={"factor": 2},
    )
    promoted = result.trials[2]
    assert promoted.drawn["tuner/initial_epoch"] == 1
    fixed = space.fill(config, promoted.values)
    metrics = ["bleu", "chrf", "exact_match", "word_error_rate"]
    run = experiments.train(
        dataclasses.replace(fixed, metrics=metrics), tmp_path / "again", show_progress=False
    )
    trained = Translator.load(Path(result.folder) / "trials" / "0002" / "model.keras")
    for ours, theirs in zip(
        run.translator.network.get_weights(), trained.network.get_weights(), strict=True
    ):
        assert (ours == theirs).all()


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["RandomSearch", "Hyperband", "BayesianOptimization"])
def test_it_works_in_the_engine_s_own_tuners(
    config: ExperimentConfig, tmp_path: Path, tuner: str
) -> None:
    pytest.importorskip("tensorboard")
    if tuner == "BayesianOptimization":
        pytest.importorskip("sklearn")
    space = SearchSpace({"model.decoder_units": Choice((8, 12, 16, 20, 24))})
    hypermodel = SequenceToSequenceHyperModel(config, space, "val_loss", tmp_path / "runs")
    limits: dict[str, Any] = {"max_trials": 2}
    if tuner == "Hyperband":
        limits = {"max_epochs": 2, "factor": 2}
    searcher = getattr(keras_tuner, tuner)(
        *(hypermodel, hypermodel.objective), **limits, seed=1, directory=tmp_path, overwrite=True
    )
    searcher.search(verbose=0)
    statuses = {trial.status for trial in searcher.oracle.trials.values()}
    assert statuses == {"COMPLETED"}
    (best,) = searcher.oracle.get_best_trials()
    (network,) = searcher.get_best_models()
    assert network.count_params() > 0
    assert best.metrics.get_best_value("val_loss") == best.score
