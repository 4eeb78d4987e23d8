"""What a beam search carries from step to step, and what its steps write down."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.buffers import repeat_all
from kerasseq.search.live_sources import may_leave
from kerasseq.search.looping import Carry
from kerasseq.search.request import Request
from kerasseq.search.search_result import LOG_ZERO
from kerasseq.search.shared_states import can_share
from kerasseq.typing import Tensor


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
        attention_weights: `(max_length, batch, beams, source_length)` float32, in the order of
            the beams before the step.
    """

    token_ids: Tensor
    parents: Tensor
    log_probabilities: Tensor
    ended: Tensor
    attention_weights: Tensor


class Beams(NamedTuple):
    """What the beams of each source are at.

    Attributes:
        token_ids: `(batch, beams)` int32, what the next step reads.
        running: `(batch,)` boolean, the sources whose search goes on.
        lengths: `(batch,)` int32, how many tokens a source's live beams have.
        ranking: `(batch, beams)` float32, of the live beams, best first, without penalties.
        best: `(batch, n_best)` float32, the best complete hypotheses so far, with penalties.
        history: `[(batch, beams, max_length)]` int32, the live beams' tokens, or `[]` if no rule
            reads it.
        coverage: `[(batch, beams, source_length)]` float32, the attention so far, or `[]` without
            penalty.
        twins: `[(batch, beams)]` int32, for each beam the first one that continues the same parent,
            or `[]` if the step makes no use of it.
    """

    token_ids: Tensor
    running: Tensor
    lengths: Tensor
    ranking: Tensor
    best: Tensor
    history: list[Tensor]
    coverage: list[Tensor]
    twins: list[Tensor]


def first_beams(
    request: Request,
    num_beams: int,
    n_best: int,
    start_id: int,
    pad_id: int,
    with_history: bool,
    with_coverage: bool,
) -> Carry:
    """Returns the beams before the first step: one live, since equal beams would stay equal.

    Only that one is computed, where sources may leave the step and its rows so may change.
    """
    limits = request.max_lengths
    max_length, batch = request.width, ops.shape(limits)[0]
    alive = ops.where(ops.arange(num_beams) == 0, 0.0, LOG_ZERO)  # (beams,)
    history = ops.full((batch, num_beams, max_length), pad_id, dtype="int32")
    coverage = ops.zeros((batch, num_beams, request.source_length), dtype="float32")
    alone = may_leave(request.step, batch)
    twins = ops.broadcast_to(ops.arange(num_beams, dtype="int32"), (batch, num_beams))
    beams = Beams(
        ops.full((batch, num_beams), start_id, dtype="int32"),
        limits > 0,
        ops.zeros_like(limits),
        ops.broadcast_to(alive, (batch, num_beams)),
        ops.full((batch, n_best), LOG_ZERO, dtype="float32"),
        [history] if with_history else [],
        [coverage] if with_coverage else [],
        [twins] if alone and can_share(request.step) else [],
    )
    return Carry(
        ops.convert_to_tensor(0, dtype="int32"),
        request.state if alone else repeat_all(request.state, num_beams),
        beams,
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
        ops.zeros((max_length, batch, num_beams, source_length), dtype="float32"),
    )
