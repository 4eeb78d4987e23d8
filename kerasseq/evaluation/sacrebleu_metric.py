"""The one place that talks to sacreBLEU."""

import abc
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.evaluation.corpus import reference_count
from kerasseq.evaluation.metric import Metric


class SacreBLEUMetric(Metric):
    """A metric that sacreBLEU computes and signs.

    sacreBLEU has no public name for the counts of a sentence; its own `sacrebleu.significance`
    reads them by the two methods used here, and a test holds that their sum gives what its public
    `corpus_score` gives.
    """

    @abc.abstractmethod
    def build(self) -> Any:
        """Returns the `sacrebleu` metric; imports sacrebleu, which nothing else needs."""

    def statistics(
        self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]
    ) -> np.ndarray:
        # sacreBLEU wants the first reference of all sentences, then the second of all, ...
        # with `None` where a sentence has no more.
        streams = list(itertools.zip_longest(*references))
        counts = self.build()._extract_corpus_statistics(hypotheses, streams)
        return np.array(counts, dtype="float64")

    def values(self, sums: np.ndarray) -> np.ndarray:
        compute = self.build()._compute_score_from_stats
        # As lists of Python numbers: sacreBLEU writes into what it is given.
        return np.array([compute(row).score for row in sums.tolist()])

    def signature(self, references: Sequence[Sequence[str]]) -> str:
        metric = self.build()
        metric.num_refs = reference_count(references) or -1  # -1 is sacreBLEU's "var"
        return str(metric.get_signature())
