import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq import Translator
from kerasseq.translation import Alternative, Reranker, Translation, rerank


def translation(source: str, *scored: tuple[str, float]) -> Translation:
    alternatives = [
        Alternative(text, score, True, [], np.zeros(0), np.zeros((0, 0))) for text, score in scored
    ]
    return Translation(source, False, [], alternatives)


TRANSLATIONS = [
    translation("one", ("a", -1.0), ("bb", -1.5)),
    translation("two", ("ccc", -2.0), ("d", -2.5), ("eeee", -4.0)),
]


def lengths(pairs: list[tuple[str, str]]) -> list[float]:
    return [float(len(output)) for _, output in pairs]


def test_the_judge_counts_as_much_as_its_weight() -> None:
    for weight, expected in ((0.0, ["a", "ccc"]), (1.0, ["bb", "ccc"]), (3.0, ["bb", "eeee"])):
        assert [each.text for each in rerank(TRANSLATIONS, lengths, weight)] == expected


def test_scores_stay_the_translators_own() -> None:
    best = rerank(TRANSLATIONS, lengths, 3.0)[1]
    assert [each.score for each in best.alternatives] == [-4.0, -2.0, -2.5]


def test_the_judge_must_judge_every_pair() -> None:
    wrong: dict[str, Any] = {
        r"shape \(1,\) for 5 pairs": [0.0],
        r"shape \(5, 1\) for 5 pairs": [[0.0]] * 5,
        "NaN among them": [0.0, 1.0, np.nan, 2.0, 3.0],
    }
    for received, judged in wrong.items():

        def judge(pairs: Any, judged: Any = judged) -> Any:
            return judged

        with pytest.raises(ValueError, match=f"one number for each pair. Received: .*{received}"):
            rerank(TRANSLATIONS, judge)


def test_nothing_to_rerank_is_nothing() -> None:
    assert rerank([], lengths) == []


def test_a_judge_may_read_either_way(translator: Translator) -> None:
    wide = translator.with_search({"name": "beam", "num_beams": 3, "n_best": 3})
    texts = ["a b", "c"]
    for backwards in (False, True):
        reranked = Reranker(wide, translator, weight=2.0, backwards=backwards)(texts)
        for found, before in zip(reranked, wide(texts), strict=True):
            assert {each.text for each in found.alternatives} == {
                each.text for each in before.alternatives
            }
            pairs = [(found.source, each.text) for each in found.alternatives]
            if backwards:
                pairs = [(output, source) for source, output in pairs]
            judged = [each.score for each in translator.score(pairs)]
            sums = [
                own.score + 2.0 * other
                for own, other in zip(found.alternatives, judged, strict=True)
            ]
            assert sums == sorted(sums, reverse=True)


def test_what_a_judge_cannot_read_is_told(
    translator: Translator, caplog: pytest.LogCaptureFixture
) -> None:
    wide = translator.with_search({"name": "beam", "num_beams": 2, "n_best": 2})
    judge = copy.copy(translator)
    judge.max_source_length = 2
    judge = judge.with_search("greedy")  # traced anew
    Reranker(wide, judge)(["a b c d"])
    assert "2 of 2 candidates or sources are longer than the judge reads" in caplog.text


def test_one_candidate_is_nothing_to_rerank(translator: Translator) -> None:
    with pytest.raises(ValueError, match="at least two candidates. Received: .*n_best=1"):
        Reranker(translator.with_search("greedy"), translator)


def test_of_equals_the_one_that_stood_before_comes_first() -> None:
    texts = [str(number) for number in range(40)]
    alike = translation("one", *((text, -1.0 - int(text) % 2) for text in texts))
    (found,) = rerank([alike], lambda pairs: [0.0] * len(pairs))
    assert [each.text for each in found.alternatives] == texts[::2] + texts[1::2]


def test_the_batch_size_is_that_of_both_translators(
    translator: Translator, batch_sizes: Callable[[Translator, str], list[int]]
) -> None:
    wide = translator.with_search({"name": "beam", "num_beams": 2, "n_best": 2})
    translated, scored = batch_sizes(wide, "_translate"), batch_sizes(wide, "_score")
    found = Reranker(wide, wide)(["a b", "c", "hello"], batch_size=2)
    pairs = sum(len(each.alternatives) for each in found)
    assert sorted(translated) == [1, 2]
    assert (max(scored), sum(scored)) == (2, pairs)


def test_options_are_checked(translator: Translator) -> None:
    wide = translator.with_search({"name": "beam", "num_beams": 2, "n_best": 2})
    with pytest.raises(TypeError, match=r"`backwards` must be True or False\. Received: 1"):
        Reranker(wide, wide, backwards=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`weight` must be a finite number\. Received: nan"):
        Reranker(wide, wide, weight=float("nan"))
    with pytest.raises(TypeError, match=r"`weight` must be a finite number\. Received: 'all'"):
        rerank(TRANSLATIONS, lengths, weight="all")  # type: ignore[arg-type]


def test_a_judge_that_does_not_count_may_find_impossible_what_it_likes() -> None:
    def judge(pairs: list[tuple[str, str]]) -> list[float]:
        return [-np.inf if output in {"a", "ccc"} else 0.0 for _, output in pairs]

    assert [each.text for each in rerank(TRANSLATIONS, judge, 0.0)] == ["a", "ccc"]
    assert [each.text for each in rerank(TRANSLATIONS, judge, 0.1)] == ["bb", "d"]
