from collections.abc import Callable

import numpy as np
import pytest

import kerasseq
from kerasseq.translation import Alternative, MinimumBayesRisk, Translation

Make = Callable[..., kerasseq.Translator]


def translation(*scored: tuple[str, float]) -> Translation:
    nothing = np.zeros((0, 0), "float32")
    alternatives = [
        Alternative(text, score, True, [], np.zeros(0, "float32"), nothing)
        for text, score in scored
    ]
    return Translation("source", False, [], alternatives)


@pytest.fixture(scope="module")
def sampler(make_translator: Make) -> kerasseq.Translator:
    return make_translator(search=kerasseq.search.SamplingSearch(n_best=5, seed=3))


def test_what_most_candidates_agree_on_wins_over_the_likeliest(
    sampler: kerasseq.Translator,
) -> None:
    candidates = translation(("", -1.0), ("the cat sat", -3.0), ("the cat sits", -3.5))
    chosen = MinimumBayesRisk(sampler).choose(candidates)
    assert chosen.text in {"the cat sat", "the cat sits"}
    assert [each.text for each in chosen.alternatives][-1] == ""
    assert chosen.score == chosen.alternatives[0].score


def test_empty_candidates_agree_with_one_another(sampler: kerasseq.Translator) -> None:
    candidates = translation(*[("", -1.0)] * 4, ("abc", -1.5))
    assert MinimumBayesRisk(sampler).choose(candidates).text == ""


def test_of_equal_gains_the_likelier_wins_whatever_rounding_says(
    sampler: kerasseq.Translator,
) -> None:
    texts = ["ab", "a", "ca", "bbaccaaabcc", "caabcbaabcc"]  # the last two gain equally much
    likely = translation(*((text, -0.3 - 0.1 * place) for place, text in enumerate(texts)))
    assert MinimumBayesRisk(sampler).choose(likely).text == texts[3]
    unlikely = translation(*((text, -0.9 + 0.1 * place) for place, text in enumerate(texts)))
    assert MinimumBayesRisk(sampler).choose(unlikely).text == texts[4]


def test_a_sure_candidate_outweighs_the_others_by_probability(
    sampler: kerasseq.Translator,
) -> None:
    candidates = translation(("dog", -0.01), ("the cat sat", -9.0), ("the cat sits", -9.0))
    assert MinimumBayesRisk(sampler, weights="probability").choose(candidates).text == "dog"
    assert MinimumBayesRisk(sampler, weights="even").choose(candidates).text != "dog"


def test_the_candidates_of_a_translator_are_kept_and_only_reordered(
    sampler: kerasseq.Translator, texts: list[str]
) -> None:
    before, after = sampler(texts), MinimumBayesRisk(sampler)(texts)
    for plain, chosen in zip(before, after, strict=True):
        assert sorted(a.text for a in plain.alternatives) == sorted(
            a.text for a in chosen.alternatives
        )
        shape = (len(chosen.target_tokens), len(chosen.source_tokens))
        assert chosen.attention_weights.shape == shape


def test_one_candidate_is_no_choice(make_translator: Make) -> None:
    with pytest.raises(ValueError, match="at least two candidates. Received: .* n_best=1"):
        MinimumBayesRisk(make_translator(search="greedy"))


def test_the_batch_size_is_the_translators(
    sampler: kerasseq.Translator,
    texts: list[str],
    batch_sizes: Callable[[kerasseq.Translator, str], list[int]],
) -> None:
    sizes = batch_sizes(sampler, "_translate")
    MinimumBayesRisk(sampler)(texts, batch_size=2)
    assert sorted(sizes) == [1, 2, 2]


def test_weights_are_one_of_two(sampler: kerasseq.Translator) -> None:
    with pytest.raises(ValueError, match=r"`weights` must be one of 'even', .* Received: 'odd'"):
        MinimumBayesRisk(sampler, weights="odd")
