import pytest

from kerasseq import models
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import SPACES
from kerasseq.tuning.engine import keras_tuner
from kerasseq.tuning.hyperparameters import declare, declared


def test_small_data_searches_all_that_a_search_is_for() -> None:
    assert {
        *("model.cell", "model.encoder_layers", "model.decoder_layers", "model.encoder_units"),
        *("model.decoder_units", "model.embedding_units", "model.attention", "model.wiring"),
        *("model.bridge", "model.dropout", "training.label_smoothing", "training.learning_rate"),
        *("training.schedule", "training.batch_tokens", "source_text.tokenizer"),
        *("source_text.vocabulary_size", "target_text.tokenizer", "target_text.vocabulary_size"),
    } <= set(SPACES["small_data"].searched)
    assert set(SPACES["training"]) < set(SPACES["small_data"]) < set(SPACES["full"])


@pytest.mark.parametrize("name", SPACES)
def test_a_named_space_goes_with_the_recipe_and_with_one_vocabulary(name: str) -> None:
    config = ExperimentConfig.read("small_data")
    assert len(declared(SPACES[name], config).space) == len(SPACES[name])
    shared = SPACES[name].fix("share_vocabulary", True)
    fields = {each.name for each in declared(shared, config).space}
    assert not any(field.startswith("target_text.") for field in fields)


@pytest.mark.slow
def test_every_value_of_the_widest_space_makes_a_network() -> None:
    """Each value at least once, the others drawn at random; two layers are as good as four."""
    config = ExperimentConfig.read("small_data")
    space = SPACES["full"]
    for seed in range(24):
        hyperparameters = keras_tuner.HyperParameters()
        for each in declared(space, config).space:
            hyperparameters.values[each.name] = list(each.values)[seed % len(list(each.values))]
        values = declare(hyperparameters, space, config)
        options = space.fill(config, values).model.options()
        small = {"embedding_units": 4, "encoder_units": 4, "decoder_units": 8}
        models.build(source_vocabulary_size=9, target_vocabulary_size=9, **{**options, **small})
