from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasseq
from kerasseq.models import SequenceToSequence
from kerasseq.translation import Ensemble

Make = Callable[..., kerasseq.Translator]


def test_twice_the_same_network_is_that_network(make_translator: Make, texts: list[str]) -> None:
    single = make_translator(search="greedy")
    double = kerasseq.Translator(
        single.source_codec, single.target_codec, Ensemble([single.network] * 2), search="greedy"
    )
    for one, two in zip(single(texts), double(texts), strict=True):
        assert one.text == two.text
        assert one.score == pytest.approx(two.score, abs=1e-4)


@pytest.mark.usefixtures("eagerly")
def test_a_score_is_the_log_of_the_mean_probability(
    make_translator: Make, texts: list[str]
) -> None:
    ensemble = make_translator(networks=2)
    members = [
        kerasseq.Translator(ensemble.source_codec, ensemble.target_codec, network)
        for network in ensemble.network.networks
    ]
    pairs = [(text, "this is a hat") for text in texts]
    expected = np.mean(
        [[np.exp(each.token_scores) for each in member.score(pairs)] for member in members], axis=0
    )
    for row, score in enumerate(ensemble.score(pairs)):
        np.testing.assert_allclose(score.token_scores, np.log(expected[row]), atol=1e-4)


def test_an_ensemble_is_saved_with_all_its_networks(
    make_translator: Make, texts: list[str], tmp_path: Path
) -> None:
    ensemble = make_translator(networks=2)
    ensemble.save(tmp_path / "ensemble.keras")
    loaded = kerasseq.Translator.load(tmp_path / "ensemble.keras")
    assert len(loaded.network.networks) == 2
    for ours, theirs in zip(ensemble(texts), loaded(texts), strict=True):
        assert ours.text == theirs.text
        assert ours.score == pytest.approx(theirs.score, abs=1e-4)


def test_a_network_that_stands_in_it_twice_is_saved_twice(
    make_translator: Make, texts: list[str], tmp_path: Path
) -> None:
    single = make_translator(search="greedy")
    double = kerasseq.Translator(
        single.source_codec, single.target_codec, Ensemble([single.network] * 2)
    )
    double.save(tmp_path / "double.keras")
    loaded = kerasseq.Translator.load(tmp_path / "double.keras")
    assert [each.text for each in loaded(texts)] == [each.text for each in double(texts)]


def test_networks_must_attend_to_equally_many_positions(make_translator: Make) -> None:
    network = make_translator().network
    other = kerasseq.models.build(
        "bidirectional_luong",
        9,
        network.vocabulary_size,
        encoder="pyramidal",
        encoder_layers=2,
        embedding_units=2,
        encoder_units=2,
        decoder_units=4,
    )
    with pytest.raises(ValueError, match=r"equally many positions.*make it \[1, 2\] times shorter"):
        Ensemble([network, other])


def test_networks_must_share_the_target_vocabulary(make_translator: Make) -> None:
    network = make_translator().network
    other = kerasseq.models.build(
        "cho_2014", 9, 11, embedding_units=2, encoder_units=2, decoder_units=2
    )
    sizes = rf"\[{network.vocabulary_size}, 11\]"
    with pytest.raises(ValueError, match=rf"same target vocabulary. Received: .* {sizes}"):
        Ensemble([network, other])
    with pytest.raises(ValueError, match=r"at least one.*Received: vocabularies of \[\]"):
        Ensemble([])


def test_members_are_networks_and_nothing_else(make_translator: Make) -> None:
    made = make_translator()
    for other, name in ((Ensemble([made.network]), "Ensemble"), (made, "Translator")):
        message = rf"must be single networks\. Received: one of them is of the class {name}\. Pass"
        with pytest.raises(TypeError, match=message):
            Ensemble([made.network, other])  # type: ignore[list-item]


@pytest.mark.usefixtures("eagerly")
def test_the_geometric_mean_is_told_from_the_other_and_kept_in_the_file(
    make_translator: Make, texts: list[str], tmp_path: Path
) -> None:
    arithmetic = make_translator(networks=2)
    networks = arithmetic.network.networks
    geometric = kerasseq.Translator(
        arithmetic.source_codec,
        arithmetic.target_codec,
        Ensemble(networks, mean="log_probabilities"),
    )
    geometric.save(tmp_path / "geometric.keras")
    loaded = kerasseq.Translator.load(tmp_path / "geometric.keras")
    assert loaded.network.mean == "log_probabilities"
    pairs = [(text, "this is a hat") for text in texts]
    ours, others, again = (
        np.array([each.score for each in made.score(pairs)])
        for made in (geometric, arithmetic, loaded)
    )
    np.testing.assert_allclose(again, ours, rtol=1e-4)
    assert np.abs(ours - others).max() > 0.01
    with pytest.raises(ValueError, match=r"`mean` must be one of 'probabilities', .*'median'"):
        Ensemble(networks, mean="median")


def another_network(source_size: int, target_size: int, mixes: bool) -> SequenceToSequence:
    source_ids = keras.Input((None,), dtype="int32")
    target_ids = keras.Input((None,), dtype="int32")
    memory, state = kerasseq.layers.RecurrentEncoder(4)(
        kerasseq.layers.TokenEmbedding(source_size, 4)(source_ids)
    )
    embedded = kerasseq.layers.TokenEmbedding(target_size, 4)(target_ids)
    outputs, _, _ = kerasseq.layers.AttentionDecoder(4)(embedded, memory, state)
    logits = keras.layers.Dense(target_size)(outputs)
    if mixes:
        logits = keras.layers.Conv1D(target_size, 3, padding="same", name="mixes")(logits)
    return SequenceToSequence(source_ids, target_ids, logits)


@pytest.mark.parametrize(
    ("missing", "mixes", "message"),
    [(1, False, r"`source_codec` must have .* cannot read the last"), (0, True, "'mixes'")],
)
def test_every_network_is_checked(
    make_translator: Make, missing: int, mixes: bool, message: str
) -> None:
    made = make_translator()
    source_codec, target_codec = made.source_codec, made.target_codec
    size = source_codec.vocabulary_size - missing
    last = another_network(size, target_codec.vocabulary_size, mixes)
    with pytest.raises(ValueError, match=message):
        kerasseq.Translator(source_codec, target_codec, Ensemble([made.network, last]))
