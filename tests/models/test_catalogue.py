"""The named networks: each is what its paper says, trains, searches, saves and loads."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.models import CATALOGUE, build
from kerasseq.models.catalogue import DEFAULTS
from kerasseq.search import GreedySearch
from kerasseq.training import TokenCrossentropy

SOURCE, TARGET, EMBEDDING = 12, 13, 3  # sizes of the vocabularies and of token vectors


def lstm(inputs: int, units: int) -> int:
    return 4 * units * (inputs + units + 1)


def gru(inputs: int, units: int) -> int:
    """With two biases: that of the recurrent product is within the reset gate's reach."""
    return 3 * units * (inputs + units + 2)


def dense(inputs: int, units: int) -> int:
    return (inputs + 1) * units


EMBEDDINGS = (SOURCE + TARGET) * EMBEDDING
WEIGHTS: dict[str, int] = {
    "cho_2014": EMBEDDINGS
    + gru(3, 4)
    + dense(4, 5)  # c = tanh(V h + b)
    + dense(5, 5)  # s_0 = tanh(V' c + b)
    + gru(3 + 5, 5)  # reads y and c
    + dense(3 + 5 + 5, 2 * 5)  # maxout of y, s and c
    + dense(5, TARGET),
    "sutskever_2014": EMBEDDINGS
    + lstm(3, 4)
    + lstm(4, 4)
    + lstm(3, 4)
    + lstm(4, 4)
    + dense(4, TARGET),
    "bahdanau_2015": EMBEDDINGS
    + 2 * gru(3, 4)
    + dense(4, 5)  # of the backward state alone
    + (5 * 5 + 8 * 5 + 5)  # W s, U h, v
    + gru(3 + 8, 5)  # reads y and c
    + dense(3 + 5 + 8, 2 * 5)  # maxout of y, s and c
    + dense(5, TARGET),
    "luong_2015": EMBEDDINGS
    + lstm(3, 4)
    + lstm(4, 4)
    + lstm(3 + 4, 4)  # reads y and the attentional vector before
    + lstm(4, 4)
    + 4 * 4  # q^T W k
    + (4 + 4) * 4  # tanh(W [c; s])
    + dense(4, TARGET),
    "gnmt_2016": EMBEDDINGS
    + 2 * lstm(3, 4)
    + lstm(8, 4)
    + lstm(4, 4)
    + lstm(3 + 4, 4)  # reads y and the context
    + 2 * lstm(4 + 4, 4)  # so do all above it
    + (4 * 4 + 4 * 4 + 4)
    + dense(4, TARGET),
    "bidirectional_luong": EMBEDDINGS
    + 2 * lstm(3, 4)
    + dense(2 * 8, 2 * 5)
    + lstm(3 + 5, 5)
    + (5 * 5 + 8 * 5 + 5)
    + (8 + 5) * 5
    + dense(5, TARGET),
}
# The papers' depth is cut, as far as leaves every kind of layer in.
SIZES: dict[str, dict[str, int]] = {
    "cho_2014": {"decoder_units": 5},
    "sutskever_2014": {"decoder_units": 4, "encoder_layers": 2, "decoder_layers": 2},
    "bahdanau_2015": {"decoder_units": 5},
    "luong_2015": {"decoder_units": 4, "encoder_layers": 2, "decoder_layers": 2},
    "gnmt_2016": {"decoder_units": 4, "encoder_layers": 3, "decoder_layers": 3},
    "bidirectional_luong": {"decoder_units": 5},
}
each_network = pytest.mark.parametrize("name", sorted(CATALOGUE))


def tiny(name: str, **options: Any) -> Any:
    keras.utils.set_random_seed(5)
    sizes = {"embedding_units": EMBEDDING, "encoder_units": 4, **SIZES[name]}
    return build(name, SOURCE, TARGET, **{**sizes, **options})


def test_every_network_has_its_numbers_here() -> None:
    assert set(CATALOGUE) == set(WEIGHTS) == set(SIZES)
    assert {option for options in CATALOGUE.values() for option in options} <= set(DEFAULTS)


@each_network
def test_a_network_has_the_weights_of_its_paper(name: str) -> None:
    network = tiny(name)
    assert network.name == name
    assert network.count_params() == WEIGHTS[name]


@each_network
def test_a_network_trains_searches_saves_and_loads(
    name: str, batch: Any, save_and_load: Callable[..., Any]
) -> None:
    network = tiny(name, dropout=0.0)
    network.check()
    network.compile(keras.optimizers.Adam(0.05), loss=TokenCrossentropy(), run_eagerly=True)
    losses = [float(network.train_on_batch(batch.inputs, batch.labels)) for _ in range(2)]
    assert losses[1] < losses[0]
    loaded = save_and_load(name, network)
    found = translate(loaded, batch.source_ids)
    assert found.shape == (3, 1, 4)


def translate(network: Any, source_ids: Any) -> Any:
    step, state, _ = network.start_search(ops.convert_to_tensor(source_ids), 4)
    limits = np.full(len(source_ids), 4)
    found = GreedySearch()(step, state, limits, source_ids.shape[1])
    return ops.convert_to_numpy(found.token_ids)


def test_the_papers_depth_is_the_default() -> None:
    depths = {
        name: (options.get("encoder_layers", 1), options.get("decoder_layers", 1))
        for name, options in CATALOGUE.items()
    }
    assert depths == {
        "bahdanau_2015": (1, 1),
        "bidirectional_luong": (1, 1),
        "cho_2014": (1, 1),
        "gnmt_2016": (8, 8),
        "luong_2015": (4, 4),
        "sutskever_2014": (4, 4),
    }


def test_an_unknown_network_is_an_error() -> None:
    with pytest.raises(ValueError, match="`name` must be one of 'bahdanau_2015', .*'transformer'"):
        build("transformer", 5, 5)


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"takes the options attention, .* Received: units\."):
        build("luong_2015", 5, 5, units=3)
