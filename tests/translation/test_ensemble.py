from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import kerasseq
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


def test_an_ensemble_is_no_member_of_another(make_translator: Make) -> None:
    network = make_translator().network
    with pytest.raises(TypeError, match=r"must be single networks. Received: an Ensemble among"):
        Ensemble([Ensemble([network]), network])  # type: ignore[list-item]
