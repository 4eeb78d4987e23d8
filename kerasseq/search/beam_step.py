"""One step of beam search: extend every live beam, set the ended hypotheses aside.

The candidates of a source are its best `2 * beams` continuations: at most one a beam is an end,
so `beams` of them go on living. An end among the best `beams` is a complete hypothesis.
"""

from typing import NamedTuple

from keras import ops

from kerasseq.search.beams import Beams, Written
from kerasseq.search.buffers import repeat, write
from kerasseq.search.coverage_penalty import coverage_penalty
from kerasseq.search.gathering import pick
from kerasseq.search.length_penalties import LengthPenalty
from kerasseq.search.live_sources import LiveSources
from kerasseq.search.rules import Rules
from kerasseq.search.search import Request
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO
from kerasseq.search.stepping import checked_step
from kerasseq.typing import State, Tensor


class Candidates(NamedTuple):
    """The continuations of every beam that may be among the best, a source a row.

    Attributes:
        ranking: `(batch, beams * width)` float32; `width` candidates a beam.
        token_ids: `(batch, beams * width)` int32.
        log_probabilities: `(batch, beams * width)` float32, the tokens' own, the model's.
        width: scalar.
    """

    ranking: Tensor
    token_ids: Tensor
    log_probabilities: Tensor
    width: Tensor


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


class BeamStep(NamedTuple):
    """The step of one beam search, `beams -> beams`.

    Attributes:
        request: what the search is asked for; its tensors have one row a source.
        rules: what steers the choice; its tensors have one row a beam.
        num_beams: how many beams live.
        n_best: how many hypotheses are asked for.
        length_penalty: what rankings of complete hypotheses are divided by.
        coverage_beta: the weight of the coverage penalty.
        pad_id: what ended sources read.
    """

    request: Request
    rules: Rules
    num_beams: int
    n_best: int
    length_penalty: LengthPenalty
    coverage_beta: float
    pad_id: int

    def advance(self, beams: Beams) -> Beams:
        """Returns the beams after one more step."""
        candidates, state, attention_weights = self._compute(beams)
        choice = self._choose(candidates, beams.running)
        parents = choice.parents[:, : self.num_beams]
        rows = self._rows(parents)
        coverage = [attended + attention_weights for attended in beams.coverage]
        ended = self._penalized(choice, beams.position + 1, coverage)
        best = ops.top_k(ops.concatenate([beams.best, ended], axis=-1), self.n_best)[0]
        running = choice.advanced & self._can_win(choice.ranking[:, 0], best, beams.position + 1)
        token_ids = choice.token_ids[:, : self.num_beams]
        token_ids = ops.reshape(ops.where(running[:, None], token_ids, self.pad_id), (-1,))
        own_rows = self._rows_of_state(beams.live, parents) if beams.live.places else rows
        return Beams(
            beams.position + 1,
            token_ids,
            [ops.take(tensor, own_rows, axis=0) for tensor in state],
            beams.live.with_first_rows(self.num_beams, self.num_beams),
            running,
            beams.lengths + ops.cast(choice.advanced, "int32"),
            ops.where(choice.advanced[:, None], choice.ranking, beams.ranking),
            best,
            [self._remembered(told, rows, token_ids, beams.position) for told in beams.history],
            self._covered(beams.coverage, coverage, rows, choice.advanced),
            _write(beams.written, beams.position, choice, ended, attention_weights),
        )

    def _compute(self, beams: Beams) -> tuple[Candidates, State, Tensor]:
        """The candidates of all rows, the new state of the live sources, attention weights."""
        live, count = beams.live, ops.shape(beams.token_ids)[0]
        scores, state, attention_weights = checked_step(
            live.bind(self.request.step),
            live.narrow(beams.token_ids),
            beams.state,
            self.request.source_length,
            best_only=not self.rules.reads_all,
        )
        rules = self.rules.of(live)
        history = live.narrow(beams.history[0]) if beams.history else None
        ranking = scores._replace(values=rules.rank(scores.values, history, beams.position))
        # One more than the beams, since one of a beam's candidates may be the end.
        values, ids = ranking.best(self.num_beams + 1)  # (rows, width)
        values, ids = rules.force(values, ids, scores.values, beams.position)
        own = rules.log_probabilities(scores.values, values, ids)
        values, ids, own, attention_weights = (
            live.widen(each, count) for each in (values, ids, own, attention_weights)
        )
        return self._candidates(beams, values, ids, own), state, attention_weights

    def _candidates(self, beams: Beams, values: Tensor, ids: Tensor, own: Tensor) -> Candidates:
        width = ops.shape(ids)[1]
        ranking = ops.reshape(beams.ranking, (-1, 1)) + values  # (rows, width)
        ranking = ops.where(ranking > IMPOSSIBLE, ranking, LOG_ZERO)
        shape = (-1, self.num_beams * width)
        return Candidates(
            ops.reshape(ranking, shape), ops.reshape(ids, shape), ops.reshape(own, shape), width
        )

    def _choose(self, candidates: Candidates, running: Tensor) -> Choice:
        beams = self.num_beams
        ranking, places = ops.top_k(candidates.ranking, 2 * beams)  # (batch, 2 * beams)
        ends = pick(candidates.token_ids, places) == self.rules.end_id
        live, live_places = ops.top_k(ops.where(ends, LOG_ZERO, ranking), beams)
        advanced = running & (ranking[:, 0] > IMPOSSIBLE)
        ended = ends[:, :beams] & (ranking[:, :beams] > IMPOSSIBLE) & advanced[:, None]
        columns = ops.concatenate([pick(places, live_places), places[:, :beams]], axis=-1)
        return Choice(
            advanced,
            live,
            pick(candidates.token_ids, columns),
            columns // candidates.width,
            pick(candidates.log_probabilities, columns),
            ops.where(ended, ranking[:, :beams], LOG_ZERO),
        )

    def _penalized(self, choice: Choice, length: Tensor, coverage: list[Tensor]) -> Tensor:
        """Returns `(batch, beams)`, what the ended candidates rank at among hypotheses."""
        ranking = choice.ended / self.length_penalty(length)
        if coverage:
            penalties = self.coverage_penalties(coverage[0])  # (batch, beams), of the parents
            ranking = ranking + pick(penalties, choice.parents[:, self.num_beams :])
        return ops.where(choice.ended > IMPOSSIBLE, ranking, LOG_ZERO)

    def coverage_penalties(self, coverage: Tensor) -> Tensor:
        """Returns `(batch, beams)` penalties of the coverage `(rows, source_length)`."""
        mask = self.request.source_mask
        mask = None if mask is None else repeat(mask, self.num_beams)
        penalties = coverage_penalty(coverage, mask, self.coverage_beta)
        return ops.reshape(penalties, (-1, self.num_beams))

    def _can_win(self, ranking: Tensor, best: Tensor, length: Tensor) -> Tensor:
        """Returns whether a live beam may still enter the n best, or is needed to fill them.

        More tokens only cost probability and the coverage penalty is at most 0. So a live
        beam's `ranking` over the most favourable penalty bounds all that it can become; penalties
        are monotone, so the most favourable is that of the next length or of the limit.

        Args:
            ranking: `(batch,)`, of the best live beam.
            best: `(batch, n_best)`, what complete hypotheses rank at.
            length: scalar, how many tokens the live beams have.
        """
        limits = self.request.max_lengths
        penalty = ops.maximum(self.length_penalty(length + 1), self.length_penalty(limits))
        can_win = (ranking > IMPOSSIBLE) & (ranking / penalty > best[:, -1]) & (length < limits)
        if self.num_beams == 1:  # the only beam has ended: the search is greedy
            can_win = can_win & (best[:, -1] <= IMPOSSIBLE)
        return can_win

    def _rows_of_state(self, live: LiveSources, parents: Tensor) -> Tensor:
        """Returns `(live * beams,)`, the rows of the live sources' state of their parents.

        In the first step a source has one row, and what continues any other beam is impossible.
        """
        (places,), (rows,), _ = live
        times = ops.size(rows) // ops.maximum(ops.size(places), 1)
        first = ops.arange(ops.size(places), dtype="int32")[:, None] * times
        return ops.reshape(first + ops.minimum(ops.take(parents, places, axis=0), times - 1), (-1,))

    def _rows(self, beams: Tensor) -> Tensor:
        """Returns `(rows,)`, the rows of `beams` `(batch, beams)` of each source."""
        first = ops.arange(ops.shape(beams)[0], dtype="int32")[:, None] * self.num_beams
        return ops.reshape(first + beams, (-1,))

    def _remembered(
        self, history: Tensor, rows: Tensor, token_ids: Tensor, position: Tensor
    ) -> Tensor:
        here = ops.arange(ops.shape(history)[1], dtype="int32") == position  # (max_length,)
        return ops.where(here, token_ids[:, None], ops.take(history, rows, axis=0))

    def _covered(
        self, before: list[Tensor], after: list[Tensor], rows: Tensor, advanced: Tensor
    ) -> list[Tensor]:
        moved = repeat(advanced, self.num_beams)[:, None] if before else None
        return [
            ops.where(moved, ops.take(new, rows, axis=0), old)
            for new, old in zip(after, before, strict=True)
        ]


def _write(
    written: Written, position: Tensor, choice: Choice, ended: Tensor, attention_weights: Tensor
) -> Written:
    rows = (choice.token_ids, choice.parents, choice.log_probabilities, ended, attention_weights)
    return Written(
        *(write(buffer, position, row) for buffer, row in zip(written, rows, strict=True))
    )
