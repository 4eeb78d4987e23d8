"""Random outputs, drawn from the model."""

from collections.abc import Mapping
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.search.candidates import top_candidates
from kerasseq.search.constraints import Constraints
from kerasseq.search.gathering import pick
from kerasseq.search.length_limits import LengthLimits
from kerasseq.search.paths import follow
from kerasseq.search.request import Request
from kerasseq.search.search import Search
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO, SearchResult
from kerasseq.search.stepping import StepScores
from kerasseq.search.uniforms import uniforms
from kerasseq.serialization import register
from kerasseq.typing import Tensor

BELOW_ONE = 1.0 - 2.0**-23
COLDEST = 1e-30  # float32 knows nothing much smaller, and 0 / 0 is no number


@register
class SamplingSearch(Search):
    """Draws every token at random: for variety, and for samples to choose among.

    The same seed gives the same text. What a row draws depends on `seed`, on its key (by
    default its place in the batch; pass `row_keys` to name rows otherwise), on the number of the
    draw and on the position; not on the batch's size or padding, nor on `n_best`.
    `top_k` filters first, then `top_p`, which alone must sort the vocabulary: give both if the
    vocabulary is large.

    Args:
        n_best: how many independent hypotheses are drawn a source, in this order.
        temperature: log probabilities are divided by it; below 1 is more conservative.
        top_k: only the k likeliest tokens may be drawn; None is all.
        top_p: only the likeliest tokens that together reach this probability may be drawn
            ("nucleus"); 1 is all.
        seed: what the draws depend on.
        length_limits: see `Search`.
        constraints: see `Search`.
        start_id: see `Search`.
        end_id: see `Search`.
        pad_id: see `Search`.

    Call arguments:
        As of `Search`.

    Returns:
        A `SearchResult` whose scores are the model's own, at temperature 1 and without filter.

    Raises:
        ValueError, TypeError: if an argument is out of range.

    Reference:
        Fan et al. 2018, "Hierarchical Neural Story Generation" (top-k); Holtzman et al. 2020,
        "The Curious Case of Neural Text Degeneration" (top-p).
    """

    def __init__(
        self,
        n_best: int = 1,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int = 0,
        length_limits: LengthLimits | Mapping[str, Any] | None = None,
        constraints: Constraints | Mapping[str, Any] | None = None,
        start_id: int = 2,
        end_id: int = 3,
        pad_id: int = 0,
    ) -> None:
        checks.check_positive_integer("n_best", n_best)
        checks.check_positive("temperature", temperature)
        if top_k is not None:
            checks.check_positive_integer("top_k", top_k)
        checks.check_positive("top_p", top_p)
        checks.check_probability("top_p", top_p)
        checks.check_integer("seed", seed)
        super().__init__(length_limits, constraints, start_id, end_id, pad_id)
        self.n_best = int(n_best)
        self.temperature = float(temperature)
        self.top_k = None if top_k is None else int(top_k)
        self.top_p = float(top_p)
        self.seed = int(seed)

    def search(self, request: Request) -> SearchResult:
        """Returns `n_best` draws a source."""
        keys = request.row_keys
        if keys is None:
            keys = ops.arange(ops.shape(request.max_lengths)[0], dtype="int32")
        numbers = uniforms(self.seed, keys, self.n_best, request.width)  # (max_length, rows)
        request = request.repeated(self.n_best)
        return follow(
            request, self._draw, self.rules(request), self.start_id, self.pad_id, given=numbers
        )

    def _draw(self, scores: StepScores, number: Tensor | None) -> tuple[Tensor, Tensor]:
        values, ids = self._candidates(scores.values)
        places = draw(values, number, self.temperature, self.top_p)
        ids = places if ids is None else pick(ids, places)
        return pick(scores.values, ids), ids

    def _candidates(self, ranking: Tensor) -> tuple[Tensor, Tensor | None]:
        """Returns what may be drawn, largest first if that matters; ids None is all, in order."""
        ranking = ops.where(ranking > LOG_ZERO, ranking, LOG_ZERO)
        if self.top_k is not None:
            return top_candidates(ranking, self.top_k)
        if self.top_p < 1.0:
            return ops.top_k(ranking, ops.shape(ranking)[-1])
        return ranking, None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "n_best": self.n_best,
            "temperature": self.temperature,
            "top_k": self.top_k,
            "top_p": self.top_p,
            "seed": self.seed,
        }


def draw(values: Tensor, number: Tensor, temperature: float = 1.0, top_p: float = 1.0) -> Tensor:
    """Returns where each row's number falls among its candidates: inversion of the distribution.

    Args:
        values: `(rows, count)` float32, unnormalised log probabilities; largest first if `top_p`
            is below 1.
        number: `(rows, 1)` float32 in [0, 1).
        temperature: what the log probabilities are divided by.
        top_p: the share of the probability from which is drawn.

    Returns:
        `(rows, 1)` int32. A candidate at `LOG_ZERO` is never drawn unless all are there.
    """
    largest = ops.max(values, axis=-1, keepdims=True)
    probabilities = ops.exp((values - largest) / max(temperature, COLDEST))
    # Divided by a great temperature, the impossible would come near the likeliest.
    can_be = (values > IMPOSSIBLE) | (largest <= IMPOSSIBLE)
    probabilities = ops.where(can_be, probabilities, 0.0)
    cumulated = ops.cumsum(probabilities, axis=-1)
    if top_p < 1.0:
        before = (cumulated - probabilities) / cumulated[:, -1:]
        # The likeliest always, however small the share.
        kept = ops.where((before < top_p) | (before <= 0.0), probabilities, 0.0)
        cumulated = ops.cumsum(kept, axis=-1)
    total = cumulated[:, -1:]
    # The first place whose cumulated probability exceeds the point: its own is above 0.
    point = ops.minimum(number * total, total * BELOW_ONE)
    return ops.sum(ops.cast(cumulated <= point, "int32"), axis=-1, keepdims=True)
