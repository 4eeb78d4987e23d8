"""From ended beams to hypotheses: the best complete ones, then what was cut off."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.beam_step import BeamStep
from kerasseq.search.beams import Beams, Written
from kerasseq.search.gathering import pick
from kerasseq.search.looping import Carry
from kerasseq.search.parent_pointers import gather_along, walk_back
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO, SearchResult
from kerasseq.typing import Tensor


class Ends(NamedTuple):
    """Where the hypotheses have their last tokens.

    Attributes:
        columns: `(batch, n_best)` int32, the column of the last step.
        lengths: `(batch, n_best)` int32, 0 for an absent hypothesis.
        finished: `(batch, n_best)` boolean.
    """

    columns: Tensor
    lengths: Tensor
    finished: Tensor


def result_of(carry: Carry, step: BeamStep) -> SearchResult:
    """Returns the n best hypotheses of every source.

    Args:
        carry: what the loop left.
        step: the step that it repeated.
    """
    written: Written = carry.written
    ends = _ends(carry.rows, written, step)
    path = walk_back(written.parents, ends.columns, ends.lengths, carry.position)
    positions = ops.arange(ops.shape(path)[-1], dtype="int32")
    real = positions < ends.lengths[:, :, None]  # (batch, n_best, max_length)
    token_ids = ops.where(real, gather_along(written.token_ids, path), step.pad_id)
    own = ops.where(real, gather_along(written.log_probabilities, path), 0.0)
    weights = gather_along(written.attention_weights, gather_along(written.parents, path))
    return SearchResult(
        token_ids,
        ends.lengths,
        ops.where(ends.lengths > 0, ops.sum(own, axis=-1), LOG_ZERO),
        ends.finished,
        own,
        ops.where(real[..., None], weights, 0.0),
    )


def _ends(beams: Beams, written: Written, step: BeamStep) -> Ends:
    ended, cut_off = _complete(written, step), _cut_off(beams, step)
    count = ops.sum(ops.cast(ended.finished, "int32"), axis=-1, keepdims=True)  # (batch, 1)
    rank = ops.arange(step.n_best, dtype="int32")  # (n_best,)
    complete = rank < count  # (batch, n_best)
    rest = ops.maximum(rank - count, 0)  # the place among those that were cut off
    return Ends(
        ops.where(complete, ended.columns, pick(cut_off.columns, rest)),
        ops.where(complete, ended.lengths, pick(cut_off.lengths, rest)),
        complete,
    )


def _complete(written: Written, step: BeamStep) -> Ends:
    """Returns the best of all hypotheses that ended, at whatever step."""
    ended = ops.transpose(written.ended, (1, 0, 2))  # (batch, max_length, beams)
    max_length = ops.shape(ended)[1]
    ended = ops.reshape(ended, (-1, max_length * step.num_beams))
    ranking, places = ops.top_k(ended, step.n_best)  # (batch, n_best)
    return Ends(
        step.num_beams + places % step.num_beams,
        places // step.num_beams + 1,
        ranking > IMPOSSIBLE,
    )


def _cut_off(beams: Beams, step: BeamStep) -> Ends:
    """Returns the live beams of every source, best first, coverage counted."""
    ranking = beams.ranking / step.length_penalty(beams.lengths)[:, None]
    for coverage in beams.coverage:
        ranking = ranking + step.coverage_penalties(coverage)
    alive = (beams.ranking > IMPOSSIBLE) & (beams.lengths > 0)[:, None]
    columns = ops.top_k(ops.where(alive, ranking, LOG_ZERO), step.n_best)[1]
    lengths = ops.where(alive, beams.lengths[:, None], 0)
    return Ends(columns, pick(lengths, columns), ops.zeros_like(columns, dtype="bool"))
