import argparse

import pytest

import kerasseq
from kerasseq.commands.choice_flags import choosing
from kerasseq.commands.search_flags import add_search_flags, with_search_flags
from kerasseq.search import BeamSearch, GNMTLengthPenalty, GreedySearch, SamplingSearch, Search
from kerasseq.translation import MinimumBayesRisk

BEAM = BeamSearch(
    num_beams=3,
    n_best=2,
    length_penalty={"name": "power", "alpha": 0.5},
    length_limits={"max_length": 9},
    constraints={"banned_ids": [1]},
)


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_search_flags(parser)
    return parser.parse_args(arguments)


@pytest.fixture
def beam(translator: kerasseq.Translator) -> kerasseq.Translator:
    return translator.with_search(BEAM)


def search_of(translator: kerasseq.Translator, *arguments: str) -> Search:
    return with_search_flags(translator, parse(*arguments)).search


def test_no_flag_changes_nothing(translator: kerasseq.Translator) -> None:
    assert with_search_flags(translator, parse()) is translator


def test_a_flag_changes_one_option_and_keeps_the_others(beam: kerasseq.Translator) -> None:
    search = search_of(beam, "--max_length", "7")
    assert isinstance(search, BeamSearch)
    assert {**search.get_config(), "length_limits": None} == {
        **BEAM.get_config(),
        "length_limits": None,
    }
    assert search.length_rule.get_config() == {
        **BEAM.length_rule.get_config(),
        "max_length": 7,
    }


def test_every_option_is_reached(translator: kerasseq.Translator) -> None:
    search = search_of(
        translator,
        *("--num_beams=4", "--n_best=3", "--length_penalty=power", "--alpha=0.3"),
        *("--coverage_penalty=0.2", "--min_length=2", "--max_length=30", "--min_ratio=0.1"),
        *("--max_ratio=3", "--margin=4", "--no_repeat_ngram_size=3", "--repetition_penalty=1.2"),
    )
    expected = BeamSearch(
        num_beams=4,
        n_best=3,
        length_penalty={"name": "power", "alpha": 0.3},
        coverage_penalty=0.2,
        length_limits={
            "min_length": 2,
            "max_length": 30,
            "min_ratio": 0.1,
            "max_ratio": 3.0,
            "margin": 4,
        },
        constraints={"no_repeat_ngram_size": 3, "repetition_penalty": 1.2},
    )
    assert search.get_config() == expected.get_config()
    sampling = search_of(translator, "--temperature=0.5", "--top_k=3", "--top_p=0.9", "--seed=7")
    assert isinstance(sampling, SamplingSearch)
    assert (sampling.temperature, sampling.top_k, sampling.top_p, sampling.seed) == (0.5, 3, 0.9, 7)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["--num_beams", "2"], BeamSearch),
        (["--alpha", "1"], BeamSearch),
        (["--n_best", "2"], BeamSearch),
        (["--n_best", "1"], GreedySearch),
        (["--top_k", "2"], SamplingSearch),
        (["--search", "sampling", "--n_best", "4"], SamplingSearch),
        (["--max_length", "4"], GreedySearch),
    ],
)
def test_flags_imply_the_kind_of_search(
    translator: kerasseq.Translator, arguments: list[str], kind: type[Search]
) -> None:
    assert type(search_of(translator, *arguments)) is kind


def test_limits_and_constraints_outlive_another_kind_of_search(beam: kerasseq.Translator) -> None:
    search = search_of(beam, "--search", "greedy")
    assert isinstance(search, GreedySearch)
    assert search.length_rule.max_length == 9
    assert list(search.output_rule.banned_ids) == [1]


def test_as_many_beams_are_kept_as_outputs_are_wanted(beam: kerasseq.Translator) -> None:
    more, fewer = search_of(beam, "--n_best", "8"), search_of(beam, "--num_beams", "1")
    assert isinstance(more, BeamSearch)
    assert isinstance(fewer, BeamSearch)
    assert (more.num_beams, more.n_best) == (8, 8)
    assert (fewer.num_beams, fewer.n_best) == (1, 1)
    with pytest.raises(ValueError, match=r"`n_best` must be at most `num_beams`\. Received: 3, "):
        search_of(beam, "--num_beams", "2", "--n_best", "3")


def test_an_exponent_alone_is_that_of_the_models_penalty(
    beam: kerasseq.Translator, translator: kerasseq.Translator
) -> None:
    search = search_of(beam, "--alpha", "0.9")
    assert isinstance(search, BeamSearch)
    assert search.divisor.get_config() == {"alpha": 0.9}
    assert type(search.divisor) is type(BEAM.divisor)
    search = search_of(translator, "--alpha", "0.9")
    assert isinstance(search, BeamSearch)
    assert isinstance(search.divisor, GNMTLengthPenalty)


def test_banned_tokens_are_added_to_those_of_the_model(beam: kerasseq.Translator) -> None:
    vocabulary = beam.target_codec.vocabulary
    search = search_of(beam, "--ban", vocabulary[5], "--ban", vocabulary[4])
    assert search.output_rule.banned_ids == [1, 4, 5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--num_beams", "2", "--top_k", "2"], "`--num_beams` belongs to --search beam and .* --t"),
        (["--search", "greedy", "--seed", "1"], "`--seed` .* sampling .* beside --search greedy"),
        (["--search", "greedy", "--n_best", "2"], "greedy finds one output. Received: --n_best 2"),
        (["--length_penalty", "mean", "--alpha", "1"], "gnmt or power. .* --alpha 1.0, .* mean"),
        (["--ban", "zzz"], "must name a token of the target vocabulary. Received: 'zzz'"),
        (["--n_best", "0"], "`n_best` must be an integer of at least 1. Received: 0"),
        (["--search", "greedy", "--n_best", "-4"], "`n_best` must be .* Received: -4"),
        (["--num_beams", "0"], "`num_beams` must be an integer of at least 1. Received: 0"),
        (["--temperature", "0"], "`temperature` must be a number above 0. Received: 0"),
    ],
)
def test_flags_that_do_not_belong_together_are_an_error(
    translator: kerasseq.Translator, arguments: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        search_of(translator, *arguments)


def test_unknown_tokens_are_replaced_on_demand(translator: kerasseq.Translator) -> None:
    flags = parse("--replace_unknown", "--num_beams", "2")
    changed = with_search_flags(translator, flags)
    assert changed.replace_unknown
    assert isinstance(changed.search, BeamSearch)
    assert not translator.replace_unknown
    kept = with_search_flags(changed, parse("--num_beams", "3"))
    assert kept.replace_unknown
    undone = with_search_flags(changed, parse("--no-replace_unknown"))
    assert not undone.replace_unknown
    assert undone.search is changed.search


def test_the_choice_of_minimum_bayes_risk_wants_candidates(
    beam: kerasseq.Translator, translator: kerasseq.Translator
) -> None:
    assert choosing(beam, parse()) is beam
    chosen = choosing(beam, parse("--minimum_bayes_risk", "probability"))
    assert isinstance(chosen, MinimumBayesRisk)
    assert chosen.weights == "probability"
    with pytest.raises(ValueError, match="--n_best must be above 1"):
        choosing(translator, parse("--minimum_bayes_risk", "even"))
