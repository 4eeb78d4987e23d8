import keras
import numpy as np
import pytest

from kerasseq.benchmarking.reference import (
    CMUDICT,
    MULTI30K,
    Reference,
    paying_dtypes,
    product_dtype,
    random_rows,
)
from kerasseq.experiments import environment


def test_lengths_have_the_means_of_the_corpus() -> None:
    # Counted in the 29,000 pairs of Multi30k and the 110,619 of CMUdict, ends included.
    for reference, source_mean, target_mean in ((MULTI30K, 15.66, 16.21), (CMUDICT, 8.49, 7.34)):
        sources, targets = reference.lengths.draw(20_000)
        assert sources.mean() == pytest.approx(source_mean, rel=0.01)
        assert targets.mean() == pytest.approx(target_mean, rel=0.01)
        assert targets.min() >= 2


def test_lengths_are_drawn_by_their_seed() -> None:
    first, again, other = (MULTI30K.lengths.draw(50, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first[0] != other[0]).any()


def test_rows_hold_tokens_and_an_end() -> None:
    rows = random_rows(np.array([2, 5]), vocabulary_size=7, seed=0)
    assert [len(rows[0]), len(rows[1])] == [2, 5]
    assert rows[1][-1] == 3
    assert set(rows[1][:-1].tolist()) <= {4, 5, 6}


def test_another_vocabulary_is_that_of_both_sides_and_of_the_network(tiny: Reference) -> None:
    assert tiny.with_vocabulary_size(None) is tiny
    other = tiny.with_vocabulary_size(32)
    assert (other.source_vocabulary_size, other.target_vocabulary_size) == (32, 32)
    assert other.build("float32").get_layer("logits").units == 32
    with pytest.raises(ValueError, match=r"`vocabulary_size` must be .* at least 5. Received: 4"):
        tiny.with_vocabulary_size(4)


def test_batches_have_the_asked_size(tiny: Reference) -> None:
    batches = tiny.generate(batch_size=20)
    assert len(batches) == 3
    (source_ids, target_ids), labels, weights = batches.batch(0, 0)
    assert len(source_ids) == len(target_ids) == len(labels) == len(weights) == 20
    assert source_ids.max() < 20
    assert labels.max() < 24


@pytest.mark.parametrize("input_feeding", [True, False])
def test_the_network_is_the_one_of_the_peers(tiny: Reference, input_feeding: bool) -> None:
    network = tiny.build("float32", input_feeding)
    encoder, decoder = network.get_layer("encoder"), network.decoder
    assert (encoder.units, encoder.bidirectional, encoder.cell) == (2, True, "lstm")
    assert (decoder.units, decoder.cell, decoder.attention) == (4, "lstm", "general")
    assert decoder.input_feeding is input_feeding
    # Embeddings 3; an LSTM has 4 (inputs + units + 1) units; no bridge has any weight.
    fed = 4 if input_feeding else 0
    expected = 3 * (20 + 24) + 2 * 4 * (3 + 2 + 1) * 2 + 4 * (3 + fed + 4 + 1) * 4
    expected += 4 * 4 + 8 * 4 + (4 + 1) * 24
    assert network.count_params() == expected


def test_building_leaves_the_global_precision_alone(tiny: Reference) -> None:
    network = tiny.build("mixed_bfloat16")
    assert network.get_layer("logits").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ValueError, match=r"`dtype` must be one of .*'float64'"):
        tiny.build("float64")


def test_bfloat16_is_measured_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "bfloat16_features", lambda: ["avx512_bf16"])
    assert paying_dtypes() == ["float32", "mixed_bfloat16"]
    monkeypatch.setattr(environment, "bfloat16_features", lambda: [])
    assert paying_dtypes() == ["float32"]
    assert [product_dtype(each) for each in ("float32", "mixed_bfloat16")] == [
        "float32",
        "bfloat16",
    ]
