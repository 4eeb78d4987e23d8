"""Alternatives put into another order by what a second judge says of them."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from kerasseq import checks
from kerasseq.translation.translation import Translation

Scorer = Callable[[list[tuple[str, str]]], Sequence[float]]


def rerank(
    translations: Sequence[Translation], scorer: Scorer, weight: float = 1.0
) -> list[Translation]:
    """Returns the translations with their alternatives ordered by own score + weight x the judge's.

    A judge may be another translator, one that reads the other way round (`lambda pairs:
    [each.score for each in backwards.score((target, source) for source, target in pairs)]`), a
    language model, or any function of a pair. The scores in the alternatives stay their own.

    Args:
        translations: what a translator with `n_best` above 1 gave.
        scorer: from a list of `(source, output)` to as many numbers, the higher the better.
        weight: how much the judge counts beside the translator.

    Raises:
        ValueError: if the judge returns too few or too many numbers.
    """
    checks.check_number("weight", weight)
    pairs = [
        (translation.source, alternative.text)
        for translation in translations
        for alternative in translation.alternatives
    ]
    judged = list(scorer(pairs)) if pairs else []
    if len(judged) != len(pairs):
        raise ValueError(
            "`scorer` must return one number for each pair. "
            f"Received: {len(judged)} for {len(pairs)} pairs."
        )
    ordered, start = [], 0
    for translation in translations:
        stop = start + len(translation.alternatives)
        own = np.array([alternative.score for alternative in translation.alternatives])
        # Among equals the one that stood before comes first.
        order = np.argsort(-(own + weight * np.array(judged[start:stop])), kind="stable")
        alternatives = [translation.alternatives[index] for index in order]
        ordered.append(dataclasses.replace(translation, alternatives=alternatives))
        start = stop
    return ordered
