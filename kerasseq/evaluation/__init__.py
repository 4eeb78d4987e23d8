"""Room 7: strings -> numbers.

What comes in: hypotheses, one or several references each, as raw text. What goes out: BLEU, chrF,
error rates and exact match in percent, each with the signature that makes it reproducible; ranges
and p-values. Start at `evaluate`. Loads neither TensorFlow nor Keras.

"WER" means two things: `sequence_error_rate` is what the grapheme-to-phoneme literature calls so
(share of words with any error), `word_error_rate` what speech recognition does (edits of words
over words).
"""

from kerasseq.evaluation.bleu import BLEU
from kerasseq.evaluation.chrf import CHRF
from kerasseq.evaluation.edit_distance import edit_distance
from kerasseq.evaluation.error_rates import CharacterErrorRate, PhonemeErrorRate, WordErrorRate
from kerasseq.evaluation.exact_match import ExactMatch, SequenceErrorRate
from kerasseq.evaluation.metric import Metric
from kerasseq.evaluation.metrics import METRICS, get_metric, get_metrics
from kerasseq.evaluation.report import EvaluationReport, evaluate
from kerasseq.evaluation.sentence_chrf import pairwise_chrf, sentence_chrf
from kerasseq.evaluation.significance import (
    Comparison,
    ConfidenceInterval,
    approximate_randomization,
    bootstrap_interval,
    paired_bootstrap,
)

__all__ = [
    "BLEU",
    "CHRF",
    "METRICS",
    "CharacterErrorRate",
    "Comparison",
    "ConfidenceInterval",
    "EvaluationReport",
    "ExactMatch",
    "Metric",
    "PhonemeErrorRate",
    "SequenceErrorRate",
    "WordErrorRate",
    "approximate_randomization",
    "bootstrap_interval",
    "edit_distance",
    "evaluate",
    "get_metric",
    "get_metrics",
    "pairwise_chrf",
    "paired_bootstrap",
    "sentence_chrf",
]
