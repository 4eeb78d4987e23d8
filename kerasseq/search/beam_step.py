"""One step of beam search: extend every live beam, set the ended hypotheses aside.

The candidates of a source are its best `2 * beams` continuations: at most one a beam is an end,
so `beams` of them go on living. An end among the best `beams` is a complete hypothesis.

In the first step a source may have one row, which speaks for all of its beams: what continues
any but the first is impossible. `times` is how many rows a source has in a step.
"""

from typing import Any, NamedTuple

from keras import ops

from kerasseq.search.beam_choice import Candidates, Choice, choose
from kerasseq.search.beams import Beams, Written
from kerasseq.search.buffers import write_rows
from kerasseq.search.coverage_penalty import coverage_penalty
from kerasseq.search.gathering import pick, take
from kerasseq.search.length_penalties import LengthPenalty
from kerasseq.search.live_sources import LiveSources
from kerasseq.search.looping import Carry
from kerasseq.search.request import Request
from kerasseq.search.rules import Rules
from kerasseq.search.search_result import IMPOSSIBLE, LOG_ZERO
from kerasseq.search.shared_states import equal_states, first_twins
from kerasseq.search.stepping import StepScores, checked_step
from kerasseq.typing import State, Tensor


class BeamStep(NamedTuple):
    """The step of one beam search, of all sources or of some.

    Attributes:
        request: what the search is asked for; its tensors have one row a source.
        rules: what steers the choice; its tensors have one row a beam.
        num_beams: how many beams live.
        n_best: how many hypotheses are asked for.
        length_penalty: what rankings of complete hypotheses are divided by.
        coverage_beta: the weight of the coverage penalty.
        pad_id: what ended sources read.
        places: `(batch,)` int32, where the sources stand in what is written.
        alone: whether a source has one row in the first step.
    """

    request: Request
    rules: Rules
    num_beams: int
    n_best: int
    length_penalty: LengthPenalty
    coverage_beta: float
    pad_id: int
    places: Tensor
    alone: bool = False

    @property
    def times(self) -> int:
        """One: all beams of a source are in one row of what is carried."""
        return 1

    def of(self, live: LiveSources) -> "BeamStep":
        """Returns the step of some sources, from that of all."""
        return self._replace(
            request=self.request.of(live),
            rules=self.rules.of(live.rows(self.num_beams)),
            places=live.places,
            alone=True,
        )

    def runs(self, beams: Beams) -> Tensor:
        """Returns `(batch,)` boolean, of which sources the search goes on."""
        return beams.running

    def advance(self, carry: Carry) -> Carry:
        """Returns the beams one token later."""
        beams: Beams = carry.rows
        times = ops.where(carry.position == 0, 1, self.num_beams) if self.alone else self.num_beams
        candidates, state, attention_weights = self._compute(carry, times)
        choice = choose(candidates, beams.running, self.num_beams, self.rules.end_id)
        parents = choice.parents[:, : self.num_beams]
        coverage = [attended + attention_weights for attended in beams.coverage]
        ended = self._penalized(choice, carry.position + 1, coverage)
        best = ops.top_k(ops.concatenate([beams.best, ended], axis=-1), self.n_best)[0]
        running = choice.advanced & self._can_win(choice.ranking[:, 0], best, carry.position + 1)
        token_ids = choice.token_ids[:, : self.num_beams]
        token_ids = ops.where(running[:, None], token_ids, self.pad_id)
        rows = self._rows(parents, times)
        after = Beams(
            token_ids,
            running,
            beams.lengths + ops.cast(choice.advanced, "int32"),
            ops.where(choice.advanced[:, None], choice.ranking, beams.ranking),
            best,
            [self._remembered(told, parents, token_ids, carry.position) for told in beams.history],
            self._covered(beams.coverage, coverage, parents, choice.advanced),
            [first_twins(parents) for _ in beams.twins],
        )
        written = self._written(choice, ended, attention_weights)
        return Carry(
            carry.position + 1,
            [take(tensor, rows) for tensor in state],
            after,
            write_rows(carry.written, carry.position, self.places, written),
        )

    def _compute(self, carry: Carry, times: Tensor) -> tuple[Candidates, State, Tensor]:
        """The candidates, the new state, and the attention weights of `times` rows a source."""
        beams: Beams = carry.rows
        step: Any = self.request.step
        for twins in beams.twins:
            step = step.sharing(equal_states(twins[:, :times]))
        scores, state, attention_weights = checked_step(
            step,
            ops.reshape(beams.token_ids[:, :times], (-1,)),
            carry.state,
            self.request.source_length,
            best_only=not self.rules.reads_all,
        )
        values, ids, own = self._best(scores, carry, times)
        width = ops.shape(ids)[1]
        ranking = beams.ranking[:, :, None] + ops.reshape(values, (-1, times, width))
        ranking = ops.where(ranking > IMPOSSIBLE, ranking, LOG_ZERO)  # (batch, beams, width)
        candidates = Candidates(
            ops.reshape(ranking, (-1, self.num_beams * width)),
            ops.reshape(ids, (-1, times * width)),
            ops.reshape(own, (-1, times * width)),
        )
        source_length = ops.shape(attention_weights)[-1]
        attention_weights = ops.reshape(attention_weights, (-1, times, source_length))
        return candidates, state, attention_weights

    def _best(
        self, scores: StepScores, carry: Carry, times: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of each row the best tokens: what they rank at, ids, and their own log probabilities."""
        rules, history = self.rules, None
        if rules.reads_all and self.alone:
            rules = rules.of(self._first_rows(times))
        for told in carry.rows.history:
            history = ops.reshape(told[:, :times], (-1, ops.shape(told)[-1]))
        ranking = scores._replace(values=rules.rank(scores.values, history, carry.position))
        # One more than the beams, since one of a beam's candidates may be the end.
        values, ids = ranking.best(self.num_beams + 1)  # (rows, width)
        values, ids = rules.force(values, ids, scores.values, carry.position)
        return values, ids, rules.log_probabilities(scores.values, values, ids)

    def _penalized(self, choice: Choice, length: Tensor, coverage: list[Tensor]) -> Tensor:
        """Returns `(batch, beams)`, what the ended candidates rank at among hypotheses."""
        ranking = choice.ended / self.length_penalty(length)
        if coverage:
            penalties = self.coverage_penalties(coverage[0])  # (batch, beams), of the parents
            ranking = ranking + pick(penalties, choice.parents[:, self.num_beams :])
        return ops.where(choice.ended > IMPOSSIBLE, ranking, LOG_ZERO)

    def coverage_penalties(self, coverage: Tensor) -> Tensor:
        """Returns `(batch, beams)` penalties of the coverage `(batch, beams, source_length)`."""
        mask = self.request.source_mask
        mask = None if mask is None else mask[:, None]
        return coverage_penalty(coverage, mask, self.coverage_beta)

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

    def _rows(self, parents: Tensor, times: Tensor) -> Tensor:
        """Returns `(batch * beams,)`, the rows of the step that beams of each source continue."""
        parents = parents % times if self.alone else parents
        first = ops.arange(ops.shape(parents)[0], dtype="int32")[:, None] * times
        return ops.reshape(first + parents, (-1,))

    def _first_rows(self, times: Tensor) -> Tensor:
        """Returns `(batch * times,)`, of the rows of all beams those that the step computes."""
        first = ops.arange(ops.shape(self.places)[0], dtype="int32")[:, None] * self.num_beams
        return ops.reshape(first + ops.arange(times, dtype="int32"), (-1,))

    def _remembered(
        self, history: Tensor, parents: Tensor, token_ids: Tensor, position: Tensor
    ) -> Tensor:
        here = ops.arange(ops.shape(history)[-1], dtype="int32") == position  # (max_length,)
        return ops.where(here, token_ids[:, :, None], pick(history, parents))

    def _covered(
        self, before: list[Tensor], after: list[Tensor], parents: Tensor, advanced: Tensor
    ) -> list[Tensor]:
        return [
            ops.where(advanced[:, None, None], pick(new, parents), old)
            for new, old in zip(after, before, strict=True)
        ]

    def _written(self, choice: Choice, ended: Tensor, attention_weights: Tensor) -> Written:
        if self.alone:
            batch, _, source_length = ops.shape(attention_weights)
            shape = (batch, self.num_beams, source_length)
            attention_weights = ops.broadcast_to(attention_weights, shape)
        return Written(
            choice.token_ids, choice.parents, choice.log_probabilities, ended, attention_weights
        )
