"""Which continuations of a step's beams live on, and which are complete hypotheses."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.gathering import pick
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO
from kerasseq.typing import Tensor


class Candidates(NamedTuple):
    """The continuations of every beam that may be among the best, `width` a beam.

    `times` is 1 where one row speaks for all beams of its source, else the number of beams.

    Attributes:
        ranking: `(batch, beams * width)` float32.
        token_ids: `(batch, times * width)` int32.
        log_probabilities: `(batch, times * width)` float32, the tokens' own, the model's.
    """

    ranking: Tensor
    token_ids: Tensor
    log_probabilities: Tensor


class Choice(NamedTuple):
    """What a step chose; columns are the live beams, then the best candidates.

    Attributes:
        advanced: `(batch,)` boolean, the sources that could go on.
        ranking: `(batch, beams)` float32, of the live beams.
        token_ids: `(batch, columns)` int32.
        parents: `(batch, columns)` int32.
        log_probabilities: `(batch, columns)` float32.
        ended: `(batch, beams)` float32, of the best candidates: their ranking, without penalties,
            where they are ends, else `LOG_ZERO`.
    """

    advanced: Tensor
    ranking: Tensor
    token_ids: Tensor
    parents: Tensor
    log_probabilities: Tensor
    ended: Tensor


def choose(candidates: Candidates, running: Tensor, beams: int, end_id: int) -> Choice:
    """Returns the best `beams` candidates that are no end, and the ends among the best `beams`.

    Args:
        candidates: the continuations of all beams.
        running: `(batch,)` boolean, the sources whose search goes on.
        beams: how many live.
        end_id: the id that ends a hypothesis.
    """
    width = ops.shape(candidates.ranking)[1] // beams
    ranking, places = ops.top_k(candidates.ranking, 2 * beams)  # (batch, 2 * beams)
    ends = _pick(candidates.token_ids, places) == end_id
    live, live_places = ops.top_k(ops.where(ends, LOG_ZERO, ranking), beams)
    advanced = running & (ranking[:, 0] > IMPOSSIBLE)
    ended = ends[:, :beams] & (ranking[:, :beams] > IMPOSSIBLE) & advanced[:, None]
    columns = ops.concatenate([pick(places, live_places), places[:, :beams]], axis=-1)
    return Choice(
        advanced,
        live,
        _pick(candidates.token_ids, columns),
        columns // width,
        _pick(candidates.log_probabilities, columns),
        ops.where(ended, ranking[:, :beams], LOG_ZERO),
    )


def _pick(values: Tensor, places: Tensor) -> Tensor:
    """Returns what `times` rows have at places among those of all beams."""
    return pick(values, places % ops.shape(values)[1])
