"""Room 6, search: a step function -> hypotheses.

What comes in: `step(token_ids, state) -> (log_probabilities, state, attention_weights)` and the
state of a batch of sources. What goes out: a `SearchResult`, the n best hypotheses of each source
with scores, lengths and attention weights. No file here knows a model.

Start at `search.py` (the contract), then `greedy_search.py`; `paths.py` is its loop. Add a search:
copy `greedy_search.py`, register its name in `SEARCHES`. Add a length penalty: a class in
`length_penalties.py`, its name in `LENGTH_PENALTIES`.
"""

from kerasseq.search.beam_search import BeamSearch
from kerasseq.search.beam_trace import BeamTrace, beam_nodes
from kerasseq.search.constraints import Constraints
from kerasseq.search.ensembles import ensemble_step
from kerasseq.search.greedy_search import GreedySearch
from kerasseq.search.length_limits import LengthLimits, Limits
from kerasseq.search.length_penalties import (
    LENGTH_PENALTIES,
    GNMTLengthPenalty,
    LengthPenalty,
    MeanLengthPenalty,
    NoLengthPenalty,
    PowerLengthPenalty,
)
from kerasseq.search.reranking import rerank
from kerasseq.search.sampling_search import SamplingSearch
from kerasseq.search.scoring import TokenScores, perplexity, score_tokens
from kerasseq.search.search import Search
from kerasseq.search.search_result import LOG_ZERO, SearchResult

SEARCHES: dict[str, type[Search]] = {
    "beam": BeamSearch,
    "greedy": GreedySearch,
    "sampling": SamplingSearch,
}

__all__ = [
    "LENGTH_PENALTIES",
    "LOG_ZERO",
    "SEARCHES",
    "BeamSearch",
    "BeamTrace",
    "Constraints",
    "GNMTLengthPenalty",
    "GreedySearch",
    "LengthLimits",
    "LengthPenalty",
    "Limits",
    "MeanLengthPenalty",
    "NoLengthPenalty",
    "PowerLengthPenalty",
    "SamplingSearch",
    "Search",
    "SearchResult",
    "TokenScores",
    "beam_nodes",
    "ensemble_step",
    "perplexity",
    "rerank",
    "score_tokens",
]
