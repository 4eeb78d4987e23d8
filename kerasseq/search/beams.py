"""What a beam search carries from step to step, and what its steps write down."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.buffers import repeat, repeat_all
from kerasseq.search.live_sources import LiveSources, first_live_sources
from kerasseq.search.search import Request
from kerasseq.search.search_result import LOG_ZERO
from kerasseq.typing import State, Tensor


class Written(NamedTuple):
    """What the steps wrote down, read back once after the loop along the parents.

    `columns` is `2 * beams`: first the live beams, then the step's best candidates, of which
    those that are ends are complete hypotheses.

    Attributes:
        token_ids: `(max_length, batch, columns)` int32.
        parents: `(max_length, batch, columns)` int32, the beam that each column continues.
        log_probabilities: `(max_length, batch, columns)` float32, the model's.
        ended: `(max_length, batch, beams)` float32, what the best candidates rank at as complete
            hypotheses, penalties included; `LOG_ZERO` where one is not an end.
        attention_weights: `(max_length, rows, source_length)` float32, in the order of the beams
            before the step.
    """

    token_ids: Tensor
    parents: Tensor
    log_probabilities: Tensor
    ended: Tensor
    attention_weights: Tensor


class Beams(NamedTuple):
    """What the loop carries; `rows` is `batch * beams`, beams of one source side by side.

    Attributes:
        position: scalar int32, how many steps were taken.
        token_ids: `(rows,)` int32, what the next step reads.
        state: the step's state, of the live sources.
        live: the sources that the step computes.
        running: `(batch,)` boolean, the sources whose search goes on.
        lengths: `(batch,)` int32, how many tokens a source's live beams have.
        ranking: `(batch, beams)` float32, of the live beams, best first, without penalties.
        best: `(batch, n_best)` float32, the best complete hypotheses so far, with penalties.
        history: `[(rows, max_length)]` int32, the live beams' tokens, or `[]` if no rule reads it.
        coverage: `[(rows, source_length)]` float32, the attention so far, or `[]` without penalty.
        written: what the steps wrote down.
    """

    position: Tensor
    token_ids: Tensor
    state: State
    live: LiveSources
    running: Tensor
    lengths: Tensor
    ranking: Tensor
    best: Tensor
    history: list[Tensor]
    coverage: list[Tensor]
    written: Written


def first_beams(
    request: Request,
    num_beams: int,
    n_best: int,
    start_id: int,
    pad_id: int,
    with_history: bool,
    with_coverage: bool,
) -> Beams:
    """Returns the beams before the first step: one live, since equal beams would stay equal.

    Only that one is computed, where the step says what it reads of its sources.
    """
    limits = request.max_lengths
    max_length, batch = request.width, ops.shape(limits)[0]
    rows = batch * num_beams
    alive = ops.where(ops.arange(num_beams) == 0, 0.0, LOG_ZERO)  # (beams,)
    live = first_live_sources(request.step, rows, num_beams).with_first_rows(1, num_beams)
    history = ops.full((rows, max_length), pad_id, dtype="int32")
    coverage = ops.zeros((rows, request.source_length), dtype="float32")
    return Beams(
        ops.convert_to_tensor(0, dtype="int32"),
        repeat(ops.full_like(limits, start_id), num_beams),
        request.state if live.places else repeat_all(request.state, num_beams),
        live,
        limits > 0,
        ops.zeros_like(limits),
        ops.broadcast_to(alive, (batch, num_beams)),
        ops.full((batch, n_best), LOG_ZERO, dtype="float32"),
        [history] if with_history else [],
        [coverage] if with_coverage else [],
        _nothing_written(max_length, batch, num_beams, request.source_length, pad_id),
    )


def _nothing_written(
    max_length: Tensor, batch: Tensor, num_beams: int, source_length: Tensor, pad_id: int
) -> Written:
    columns = (max_length, batch, 2 * num_beams)
    return Written(
        ops.full(columns, pad_id, dtype="int32"),
        ops.zeros(columns, dtype="int32"),
        ops.zeros(columns, dtype="float32"),
        ops.full((max_length, batch, num_beams), LOG_ZERO, dtype="float32"),
        ops.zeros((max_length, batch * num_beams, source_length), dtype="float32"),
    )
