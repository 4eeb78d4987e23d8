"""The choice that agrees best with the other candidates, and not the likeliest one."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from kerasseq import checks, evaluation
from kerasseq.translation.candidates import check_candidates
from kerasseq.translation.translation import Translation
from kerasseq.translation.translator import Translator

WEIGHTS = ("even", "probability")


class MinimumBayesRisk:
    """Translates, and chooses among the candidates of each text by expected chrF.

    The output is the candidate whose chrF against all candidates, itself among them, taken as
    references, is highest on average; equal texts agree wholly, empty ones too. It mends what the
    likeliest output suffers from: emptiness and repetition.

    Args:
        translator: gives the candidates: its search must have `n_best` of at least 2, samples
            (`SamplingSearch(n_best=50)`) or a beam's.
        weights: `"even"`: every candidate counts the same, right for samples, which come as often
            as they are likely; `"probability"`: by its share of the candidates' probability, right
            for the n best of a beam.

    Call arguments:
        texts: a sequence of strings.
        batch_size: how many texts are a batch.

    Returns:
        A list of `Translation`: the alternatives are in the order of the choice, best first.
        Scores stay what they are, log probabilities.

    Raises:
        ValueError: if the search gives one candidate only.

    Reference:
        Kumar & Byrne, Minimum Bayes-Risk Decoding for Statistical Machine Translation, 2004;
        Eikema & Aziz, Is MAP Decoding All You Need?, 2020.
    """

    def __init__(self, translator: Translator, weights: str = "even") -> None:
        checks.check_one_of("weights", weights, WEIGHTS)
        check_candidates(translator)
        self.translator = translator
        self.weights = weights

    def __call__(self, texts: Sequence[str], batch_size: int = 64) -> list[Translation]:
        return [self.choose(translation) for translation in self.translator(texts, batch_size)]

    def choose(self, translation: Translation) -> Translation:
        """Returns the translation with its alternatives in the order of expected chrF.

        Args:
            translation: what a translator gave, with all its candidates.
        """
        candidates = translation.alternatives
        texts = [candidate.text for candidate in candidates]
        scores = np.array([candidate.score for candidate in candidates])
        weights = self._weigh(scores)
        each = np.array(texts, dtype=object)  # which keeps NUL at an end
        same = each[:, None] == each  # of empty ones chrF would be 0
        gains = np.where(same, 100.0, evaluation.pairwise_chrf(texts, texts)) @ weights
        # Among equals the likelier one; rounded, since sums in another order differ in the end.
        order = np.lexsort((-scores, -np.round(gains, 9)))
        chosen = [candidates[index] for index in order]
        return dataclasses.replace(translation, alternatives=chosen)

    def _weigh(self, scores: np.ndarray) -> np.ndarray:
        if self.weights == "even":
            return np.full(len(scores), 1 / len(scores))
        shares = np.exp(scores - scores.max())
        return shares / shares.sum()
