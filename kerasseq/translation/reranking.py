"""Alternatives put into another order by what a second judge says of them."""

import dataclasses
import logging
from collections.abc import Callable, Sequence

import numpy as np

from kerasseq import checks
from kerasseq.translation.candidates import check_candidates
from kerasseq.translation.translation import Translation
from kerasseq.translation.translator import Translator

logger = logging.getLogger(__name__)

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
        ValueError: if the judge returns too few or too many numbers, or something else.
    """
    checks.check_number("weight", weight)
    pairs = [
        (translation.source, alternative.text)
        for translation in translations
        for alternative in translation.alternatives
    ]
    judged = np.asarray(list(scorer(pairs)) if pairs else [], "float64")
    if judged.shape != (len(pairs),) or np.isnan(judged).any():
        raise ValueError(
            "`scorer` must return one number for each pair. "
            f"Received: numbers of shape {judged.shape} for {len(pairs)} pairs"
            f"{', NaN among them' if np.isnan(judged).any() else ''}."
        )
    # Not 0 x infinity, which is no number: where the judge does not count it says nothing.
    weighted = weight * judged if weight else np.zeros(len(judged))
    ordered, start = [], 0
    for translation in translations:
        stop = start + len(translation.alternatives)
        own = np.array([alternative.score for alternative in translation.alternatives])
        # Among equals the one that stood before comes first.
        order = np.argsort(-(own + weighted[start:stop]), kind="stable")
        alternatives = [translation.alternatives[index] for index in order]
        ordered.append(dataclasses.replace(translation, alternatives=alternatives))
        start = stop
    return ordered


class Reranker:
    """Translates, and orders the candidates of each text by what a second translator says too.

    Args:
        translator: gives the candidates: its search must have `n_best` of at least 2.
        judge: scores each pair of source and candidate by forced decoding.
        weight: how much the judge's log probability counts beside the translator's.
        backwards: whether the judge reads the other way round, from candidate to source: what a
            candidate leaves out of the source it then pays for (Li et al. 2016).

    Call arguments:
        texts: a sequence of strings.
        batch_size: how many texts are a batch.

    Returns:
        A list of `Translation`: the alternatives are in the new order, best first. Scores stay
        what they are, the translator's own.

    Raises:
        ValueError: if the search gives one candidate only.

    Reference:
        Li et al., A Diversity-Promoting Objective Function for Neural Conversation Models, 2016.
    """

    def __init__(
        self,
        translator: Translator,
        judge: Translator,
        weight: float = 1.0,
        backwards: bool = False,
    ) -> None:
        checks.check_number("weight", weight)
        checks.check_boolean("backwards", backwards)
        check_candidates(translator)
        self.translator = translator
        self.judge = judge
        self.weight = weight
        self.backwards = backwards

    def __call__(self, texts: Sequence[str], batch_size: int = 64) -> list[Translation]:
        def judged(pairs: list[tuple[str, str]]) -> list[float]:
            if self.backwards:
                pairs = [(output, source) for source, output in pairs]
            scores = self.judge.score(pairs, batch_size)
            cut = sum(each.truncated for each in scores)
            if cut:
                logger.warning(
                    "%d of %d candidates or sources are longer than the judge reads; what was cut "
                    "costs them nothing.",
                    *(cut, len(scores)),
                )
            return [each.score for each in scores]

        return rerank(self.translator(texts, batch_size), judged, self.weight)
