"""The loop in which every row follows one path: greedy search, samples, forced decoding.

The loop ends when all rows have ended, so it takes as many steps as the longest output has
tokens. An ended row is frozen: it reads `pad_id`, and what its step returns is not looked at.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from kerasseq.search.buffers import write
from kerasseq.search.live_sources import LiveSources, first_live_sources
from kerasseq.search.looping import repeat_while_running
from kerasseq.search.rules import Rules
from kerasseq.search.search import Request
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO, SearchResult
from kerasseq.search.stepping import StepScores, checked_step
from kerasseq.typing import State, Tensor

Choose = Callable[[StepScores, Tensor, LiveSources], tuple[Tensor, Tensor]]
"""`choose(ranking, position, live) -> (values, ids)`: from `(rows, vocabulary_size)` the chosen
tokens, `(rows, 1)` int32, and their rankings, `(rows, 1)` float32; the rows are those of `live`."""


class Paths(NamedTuple):
    """What the loop carries.

    Attributes:
        position: scalar int32, how many tokens are chosen.
        token_ids: `(rows,)` int32, what the next step reads.
        state: the step's state, of the live sources.
        live: the sources that the step computes.
        running: `(rows,)` boolean, the rows that have not ended.
        lengths: `(rows,)` int32.
        finished: `(rows,)` boolean.
        chosen: `(max_length, rows)` int32, the tokens.
        log_probabilities: `(max_length, rows)` float32.
        attention_weights: `(max_length, rows, source_length)` float32.
    """

    position: Tensor
    token_ids: Tensor
    state: State
    live: LiveSources
    running: Tensor
    lengths: Tensor
    finished: Tensor
    chosen: Tensor
    log_probabilities: Tensor
    attention_weights: Tensor


def follow(
    request: Request,
    choose: Choose,
    rules: Rules,
    start_id: int,
    pad_id: int,
    best_only: bool = False,
) -> Paths:
    """Returns the ended paths of the request's rows.

    Args:
        request: what is asked for.
        choose: chooses a token of each row.
        rules: what steers the choice.
        start_id: what the first step reads.
        pad_id: what ended rows read.
        best_only: whether `choose` asks for nothing but the best.
    """
    best_only = best_only and not rules.reads_all

    def compute(paths: Paths) -> tuple[State, Tensor, Tensor, Tensor, Tensor]:
        """The new state of the live sources, and of all rows what they chose and attended to."""
        live, count = paths.live, ops.shape(paths.running)[0]
        scores, state, attention_weights = checked_step(
            live.bind(request.step),
            live.narrow(paths.token_ids),
            paths.state,
            request.source_length,
            best_only,
        )
        own_rules = rules.of(live)
        history = live.narrow(ops.transpose(paths.chosen)) if rules.reads_history else None
        ranking = own_rules.rank(scores.values, history, paths.position)
        values, ids = choose(scores._replace(values=ranking), paths.position, live)
        values, ids = own_rules.force(values, ids, scores.values, paths.position)
        own = own_rules.log_probabilities(scores.values, values, ids)
        found = (values[:, 0], ids[:, 0], own[:, 0], attention_weights)
        return (state, *(live.widen(each, count) for each in found))

    def advance(paths: Paths) -> Paths:
        state, *computed = compute(paths)
        value, token_ids, own, attention_weights = computed
        advanced = paths.running & (value > IMPOSSIBLE)  # (rows,)
        token_ids = ops.where(advanced, token_ids, pad_id)
        ended = advanced & (token_ids == rules.end_id)
        running = advanced & ~ended & (paths.position + 1 < request.max_lengths)
        return Paths(
            paths.position + 1,
            ops.where(running, token_ids, pad_id),
            state,
            paths.live,
            running,
            paths.lengths + ops.cast(advanced, "int32"),
            paths.finished | ended,
            write(paths.chosen, paths.position, token_ids),
            write(paths.log_probabilities, paths.position, ops.where(advanced, own, 0.0)),
            write(
                paths.attention_weights,
                paths.position,
                ops.where(advanced[:, None], attention_weights, 0.0),
            ),
        )

    def runs(paths: Paths) -> Tensor:
        return ops.any(ops.reshape(paths.running, (-1, request.times)), axis=-1)  # (batch,)

    return repeat_while_running(advance, _first(request, start_id, pad_id), runs)


def _first(request: Request, start_id: int, pad_id: int) -> Paths:
    limits = request.max_lengths
    max_length, rows = request.width, ops.shape(limits)[0]
    return Paths(
        ops.convert_to_tensor(0, dtype="int32"),
        ops.full_like(limits, start_id),
        request.state,
        first_live_sources(request.step, rows, request.times),
        limits > 0,
        ops.zeros_like(limits),
        ops.zeros_like(limits, dtype="bool"),
        ops.full((max_length, rows), pad_id, dtype="int32"),
        ops.zeros((max_length, rows), dtype="float32"),
        ops.zeros((max_length, rows, request.source_length), dtype="float32"),
    )


def result_of(paths: Paths, n_best: int) -> SearchResult:
    """Returns the paths as hypotheses, `n_best` rows a source."""
    max_length = ops.shape(paths.chosen)[0]
    source_length = ops.shape(paths.attention_weights)[-1]
    own = ops.transpose(paths.log_probabilities)  # (rows, max_length)
    scores = ops.where(paths.lengths > 0, ops.sum(own, axis=-1), LOG_ZERO)
    weights = ops.transpose(paths.attention_weights, (1, 0, 2))
    return SearchResult(
        ops.reshape(ops.transpose(paths.chosen), (-1, n_best, max_length)),
        ops.reshape(paths.lengths, (-1, n_best)),
        ops.reshape(scores, (-1, n_best)),
        ops.reshape(paths.finished, (-1, n_best)),
        ops.reshape(own, (-1, n_best, max_length)),
        ops.reshape(weights, (-1, n_best, max_length, source_length)),
    )
