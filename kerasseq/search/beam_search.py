"""The best few hypotheses, kept side by side."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.search.beam_result import result_of
from kerasseq.search.beam_step import BeamStep
from kerasseq.search.beam_trace import BeamTrace, trace_steps
from kerasseq.search.beams import first_beams
from kerasseq.search.constraints import Constraints
from kerasseq.search.length_limits import LengthLimits
from kerasseq.search.length_penalties import LENGTH_PENALTIES, LengthPenalty
from kerasseq.search.looping import Carry, repeat_while_running
from kerasseq.search.request import Request
from kerasseq.search.search import Search
from kerasseq.search.search_result import SearchResult
from kerasseq.serialization import get, register


@register
class BeamSearch(Search):
    """Keeps the `num_beams` likeliest beginnings of each source: better outputs than greedy.

    A beginning is extended by every token; the best `num_beams` extensions that are no end live
    on, and an end that is among the best `num_beams` is a complete hypothesis, set aside with
    what it ranks at: its log probability over the length penalty, plus the coverage penalty. A
    source's search ends at its own limit, or as soon as no live beam can rank among its `n_best`
    any more, whatever came next. Complete hypotheses go before those that were cut off.

    With one beam this is greedy search under every penalty: when its only beam has ended, the
    search is over.

    Args:
        num_beams: how many live; 5 is usual. May be larger than the vocabulary.
        n_best: how many hypotheses are returned, at most `num_beams`.
        length_penalty: a name (`"gnmt"`, `"power"`, `"mean"`, `"none"`), a config such as
            `{"name": "gnmt", "alpha": 0.6}`, or a `LengthPenalty`.
        coverage_penalty: the weight (GNMT's beta, 0.2 there) of `sum_i log(min(sum_t a_ti, 1))`;
            0 is off.
        length_limits: see `Search`.
        constraints: see `Search`.
        start_id: see `Search`.
        end_id: see `Search`.
        pad_id: see `Search`.

    Call arguments:
        As of `Search`.

    Returns:
        A `SearchResult`, best first.

    Raises:
        ValueError, TypeError: if an argument is out of range.

    Example:

    >>> table = np.log([[0.1, 0.3, 0.1, 0.5], [0.3, 0.3, 0.2, 0.2], [0.4, 0.5, 0.05, 0.05]])
    >>> def step(token_ids, state):  # 1 is likelier than 0 after 2, but ends less likely
    ...     log_probabilities = keras.ops.take(table, token_ids, axis=0)
    ...     return log_probabilities, state, keras.ops.zeros_like(log_probabilities[:, :1])
    >>> search = BeamSearch(num_beams=2, n_best=2, length_penalty="none")
    >>> result = search(step, [], max_lengths=[4], source_length=1)
    >>> keras.ops.convert_to_numpy(result.token_ids).tolist()
    [[[0, 3, 0, 0], [1, 0, 3, 0]]]

    Reference:
        Wu et al. 2016, "Google's Neural Machine Translation System", 7 (the penalties);
        Freitag & Al-Onaizan 2017, "Beam Search Strategies for Neural Machine Translation";
        Huang et al. 2017, "When to Finish? Optimal Beam Search for Neural Text Generation".
    """

    def __init__(
        self,
        num_beams: int = 5,
        n_best: int = 1,
        length_penalty: str | Mapping[str, Any] | LengthPenalty = "gnmt",
        coverage_penalty: float = 0.0,
        length_limits: LengthLimits | Mapping[str, Any] | None = None,
        constraints: Constraints | Mapping[str, Any] | None = None,
        start_id: int = 2,
        end_id: int = 3,
        pad_id: int = 0,
    ) -> None:
        checks.check_positive_integer("num_beams", num_beams)
        checks.check_positive_integer("n_best", n_best)
        if n_best > num_beams:
            raise ValueError(
                f"`n_best` must be at most `num_beams`. Received: {n_best}, num_beams {num_beams}."
            )
        checks.check_number("coverage_penalty", coverage_penalty, minimum=0)
        super().__init__(length_limits, constraints, start_id, end_id, pad_id)
        self.num_beams = int(num_beams)
        self.n_best = int(n_best)
        self.length_penalty = length_penalty
        self.coverage_penalty = float(coverage_penalty)
        self.divisor = get(LENGTH_PENALTIES, length_penalty, "length_penalty")

    def search(self, request: Request) -> SearchResult:
        """Returns the `n_best` hypotheses of each source."""
        step = self._step(request)
        return result_of(repeat_while_running(step, self._first(request, step)), step)

    def trace(self, request: Request) -> BeamTrace:
        """Searches step by step, eagerly, and tells what its beams were; for pictures of it.

        Args:
            request: as `request` makes it from the arguments of a call.

        Returns:
            A `BeamTrace`: the result, the same as that of a call, and the beams of each step.
        """
        step = self._step(request)
        return trace_steps(step, self._first(request, step))

    def _first(self, request: Request, step: BeamStep) -> Carry:
        return first_beams(
            request,
            self.num_beams,
            self.n_best,
            self.start_id,
            self.pad_id,
            with_history=step.rules.reads_history,
            with_coverage=self.coverage_penalty > 0,
        )

    def _step(self, request: Request) -> BeamStep:
        return BeamStep(
            request,
            self.rules(request).repeated(self.num_beams),
            self.num_beams,
            self.n_best,
            self.divisor,
            self.coverage_penalty,
            self.pad_id,
            ops.arange(ops.shape(request.max_lengths)[0], dtype="int32"),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_beams": self.num_beams,
            "n_best": self.n_best,
            "length_penalty": keras.saving.serialize_keras_object(self.divisor),
            "coverage_penalty": self.coverage_penalty,
        }
