"""Room 8, translation: codecs + network + search -> strings to strings.

What comes in: a trained network and its two codecs. What goes out: translations, one `.keras`
file, a SavedModel. Start at `translator.py`; `pipeline.py` is the graph that Python, file and
SavedModel share.
"""

from kerasseq.translation.ensemble import Ensemble
from kerasseq.translation.minimum_bayes_risk import MinimumBayesRisk
from kerasseq.translation.reranking import Reranker, rerank
from kerasseq.translation.tracing import trace, trace_beams
from kerasseq.translation.translation import Alternative, TargetScore, Translation
from kerasseq.translation.translator import Translator
from kerasseq.translation.translator_model import TranslatorModel

__all__ = [
    "Alternative",
    "Ensemble",
    "MinimumBayesRisk",
    "Reranker",
    "TargetScore",
    "Translation",
    "Translator",
    "TranslatorModel",
    "rerank",
    "trace",
    "trace_beams",
]
