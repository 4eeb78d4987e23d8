"""The loop in which every row follows one path: greedy search, samples, forced decoding.

The loop ends when all rows have ended, so it takes as many steps as the longest output has
tokens. An ended row is frozen: it reads `pad_id`, and what its step returns is not looked at.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from kerasseq.search.buffers import write_rows
from kerasseq.search.gathering import take
from kerasseq.search.live_sources import LiveSources
from kerasseq.search.looping import Carry, repeat_while_running
from kerasseq.search.request import Request
from kerasseq.search.rules import Rules
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO, SearchResult
from kerasseq.search.stepping import StepScores, checked_step
from kerasseq.typing import State, Tensor

Choose = Callable[[StepScores, Tensor | None], tuple[Tensor, Tensor]]
"""`choose(ranking, given) -> (values, ids)`: from what each token ranks at, and what is given for
the row at this position, `(rows, 1)`, the chosen tokens, `(rows, 1)` int32, and their rankings,
`(rows, 1)` float32."""


class Paths(NamedTuple):
    """What each path is at.

    Attributes:
        token_ids: `(rows,)` int32, what the next step reads.
        running: `(rows,)` boolean, the rows that have not ended.
        lengths: `(rows,)` int32.
        finished: `(rows,)` boolean.
    """

    token_ids: Tensor
    running: Tensor
    lengths: Tensor
    finished: Tensor


class Written(NamedTuple):
    """What the steps wrote down.

    Attributes:
        token_ids: `(max_length, rows)` int32.
        log_probabilities: `(max_length, rows)` float32, the model's.
        attention_weights: `(max_length, rows, source_length)` float32.
    """

    token_ids: Tensor
    log_probabilities: Tensor
    attention_weights: Tensor


class PathStep(NamedTuple):
    """The step of all paths, or of some sources'.

    Attributes:
        request: what the search is asked for; one row a path.
        rules: what steers the choice; one row a path.
        choose: chooses a token of each row.
        pad_id: what ended rows read.
        rows: `(rows,)` int32, where the paths stand in what is written.
        given: `(max_length, rows)`, what `choose` is given, or None.
        best_only: whether `choose` asks for nothing but the best.
    """

    request: Request
    rules: Rules
    choose: Choose
    pad_id: int
    rows: Tensor
    given: Tensor | None = None
    best_only: bool = False

    @property
    def times(self) -> Tensor:
        """How many paths a source has."""
        return self.request.times

    def of(self, live: LiveSources) -> "PathStep":
        """Returns the step of some sources' paths, from that of all paths."""
        rows = live.rows(self.times)
        return self._replace(
            request=self.request.of(live),
            rules=self.rules.of(rows),
            rows=rows,
            given=None if self.given is None else take(self.given, rows, axis=1),
        )

    def runs(self, paths: Paths) -> Tensor:
        """Returns `(sources,)` boolean, of which any path runs."""
        if isinstance(self.times, int) and self.times == 1:
            return paths.running
        return ops.any(ops.reshape(paths.running, (-1, self.times)), axis=-1)

    def advance(self, carry: Carry) -> Carry:
        """Returns the paths one token later."""
        paths: Paths = carry.rows
        state, (value, token_ids, own, attention_weights) = self._compute(carry)
        advanced = paths.running & (value > IMPOSSIBLE)  # (rows,)
        token_ids = ops.where(advanced, token_ids, self.pad_id)
        ended = advanced & (token_ids == self.rules.end_id)
        running = advanced & ~ended & (carry.position + 1 < self.request.max_lengths)
        written = Written(
            token_ids,
            ops.where(advanced, own, 0.0),
            ops.where(advanced[:, None], attention_weights, 0.0),
        )
        return Carry(
            carry.position + 1,
            state,
            Paths(
                ops.where(running, token_ids, self.pad_id),
                running,
                paths.lengths + ops.cast(advanced, "int32"),
                paths.finished | ended,
            ),
            write_rows(carry.written, carry.position, self.rows, written),
        )

    def _compute(self, carry: Carry) -> tuple[State, tuple[Tensor, Tensor, Tensor, Tensor]]:
        """The new state; of each row the chosen token's ranking, id and score, and attention."""
        scores, state, attention_weights = checked_step(
            self.request.step,
            carry.rows.token_ids,
            carry.state,
            self.request.source_length,
            self.best_only and not self.rules.reads_all,
        )
        ranking = self.rules.rank(scores.values, self._history(carry.written), carry.position)
        given = None if self.given is None else take(self.given, carry.position)[:, None]
        values, ids = self.choose(scores._replace(values=ranking), given)
        values, ids = self.rules.force(values, ids, scores.values, carry.position)
        own = self.rules.log_probabilities(scores.values, values, ids)
        return state, (values[:, 0], ids[:, 0], own[:, 0], attention_weights)

    def _history(self, written: Written) -> Tensor | None:
        if not self.rules.reads_history:
            return None
        return ops.transpose(take(written.token_ids, self.rows, axis=1))


def follow(
    request: Request,
    choose: Choose,
    rules: Rules,
    start_id: int,
    pad_id: int,
    given: Tensor | None = None,
    best_only: bool = False,
) -> SearchResult:
    """Returns the paths of the request's rows to their ends, `request.times` a source.

    Args:
        request: what is asked for.
        choose: chooses a token of each row.
        rules: what steers the choice.
        start_id: what the first step reads.
        pad_id: what ended rows read.
        given: `(max_length, rows)`, what `choose` is given of each position, or None.
        best_only: whether `choose` asks for nothing but the best.
    """
    rows = ops.arange(ops.shape(request.max_lengths)[0], dtype="int32")
    step = PathStep(request, rules, choose, pad_id, rows, given, best_only)
    return _result_of(repeat_while_running(step, _first(request, start_id, pad_id)), request.times)


def _first(request: Request, start_id: int, pad_id: int) -> Carry:
    limits = request.max_lengths
    max_length, rows = request.width, ops.shape(limits)[0]
    paths = Paths(
        ops.full_like(limits, start_id),
        limits > 0,
        ops.zeros_like(limits),
        ops.zeros_like(limits, dtype="bool"),
    )
    written = Written(
        ops.full((max_length, rows), pad_id, dtype="int32"),
        ops.zeros((max_length, rows), dtype="float32"),
        ops.zeros((max_length, rows, request.source_length), dtype="float32"),
    )
    return Carry(ops.convert_to_tensor(0, dtype="int32"), request.state, paths, written)


def _result_of(carry: Carry, times: Tensor) -> SearchResult:
    paths, written = carry.rows, carry.written
    max_length, _, source_length = ops.shape(written.attention_weights)
    own = ops.transpose(written.log_probabilities)  # (rows, max_length)
    scores = ops.where(paths.lengths > 0, ops.sum(own, axis=-1), LOG_ZERO)
    weights = ops.transpose(written.attention_weights, (1, 0, 2))
    return SearchResult(
        ops.reshape(ops.transpose(written.token_ids), (-1, times, max_length)),
        ops.reshape(paths.lengths, (-1, times)),
        ops.reshape(scores, (-1, times)),
        ops.reshape(paths.finished, (-1, times)),
        ops.reshape(own, (-1, times, max_length)),
        ops.reshape(weights, (-1, times, max_length, source_length)),
    )
