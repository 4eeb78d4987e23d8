import numpy as np
import pytest

from kerasseq.translation import Alternative, Translation, rerank


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
    with pytest.raises(ValueError, match="one number for each pair. Received: 1 for 5 pairs"):
        rerank(TRANSLATIONS, lambda pairs: [0.0])


def test_nothing_to_rerank_is_nothing() -> None:
    assert rerank([], lengths) == []
