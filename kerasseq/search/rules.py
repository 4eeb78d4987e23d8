"""Everything that steers the choice at one step, for every kind of search."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.buffers import repeat
from kerasseq.search.call_checks import check_ids
from kerasseq.search.candidates import recorded
from kerasseq.search.constraints import Constraints, is_any_of
from kerasseq.search.gathering import pick, take
from kerasseq.search.search_result import LOG_ZERO
from kerasseq.typing import Tensor

FORCED_FLOOR = -100.0
"""The lowest that a forced token ranks at: next to a million, what follows would not count, since
float32 has seven digits for both."""


class Rules(NamedTuple):
    """Constraints, minimum lengths and forced prefixes of the rows of one search.

    Which of them are on is known in Python, so that the others never enter a graph.

    Attributes:
        constraints: what the outputs may say.
        end_id: the id that ends an output.
        min_lengths: `(rows,)` int32, or None.
        prefix_ids: `(rows, prefix_length)` int32, or None.
        prefix_lengths: `(rows,)` int32, or None: how many ids of each prefix count.
    """

    constraints: Constraints
    end_id: int
    min_lengths: Tensor | None
    prefix_ids: Tensor | None
    prefix_lengths: Tensor | None

    def repeated(self, times: int) -> "Rules":
        """Returns the rules of `times` rows a row, side by side."""
        tensors = (self.min_lengths, self.prefix_ids, self.prefix_lengths)
        repeated = [None if tensor is None else repeat(tensor, times) for tensor in tensors]
        return Rules(self.constraints, self.end_id, *repeated)

    def of(self, rows: Tensor) -> "Rules":
        """Returns the rules of some rows, `(rows,)` int32."""
        tensors = (self.min_lengths, self.prefix_ids, self.prefix_lengths)
        kept = [None if tensor is None else take(tensor, rows) for tensor in tensors]
        return Rules(self.constraints, self.end_id, *kept)

    @property
    def reads_all(self) -> bool:
        """Whether anything but the best few log probabilities is read."""
        given = (self.min_lengths, self.prefix_ids)
        return self.constraints.active or any(tensor is not None for tensor in given)

    @property
    def reads_history(self) -> bool:
        """Whether `rank` wants the tokens chosen so far."""
        return self.constraints.reads_history

    def rank(self, log_probabilities: Tensor, history: Tensor | None, position: Tensor) -> Tensor:
        """Returns what each token ranks at: `log_probabilities` itself if no rule is on.

        Args:
            log_probabilities: `(rows, vocabulary_size)` float32.
            history: `(rows, max_length)` int32 if `reads_history`.
            position: scalar int32, how many tokens are chosen.
        """
        ranking = log_probabilities
        if self.constraints.active:
            ranking = self.constraints(ranking, history, position)
        if self.min_lengths is not None:
            early = position + 1 < self.min_lengths  # (rows,)
            too_early = early[:, None] & is_any_of([self.end_id], ranking)
            ranking = ops.where(too_early, LOG_ZERO, ranking)
        return ranking

    def force(
        self, values: Tensor, ids: Tensor, log_probabilities: Tensor, position: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Returns candidates of which rows inside their prefix have one, the prefix' next token.

        It ranks at the model's own log probability, whatever the constraints say; at `FORCED_FLOOR`
        if that is lower, which moves all beams of a source alike.

        Args:
            values: `(rows, count)` float32, the candidates' rankings.
            ids: `(rows, count)` int32.
            log_probabilities: `(rows, vocabulary_size)` float32, the model's.
            position: scalar int32.
        """
        if self.prefix_ids is None:
            return values, ids
        size = log_probabilities.shape[-1]
        check_ids("prefix_ids", self.prefix_ids, self.prefix_lengths, size)
        last = ops.maximum(ops.shape(self.prefix_ids)[1] - 1, 0)
        token_ids = take(self.prefix_ids, ops.minimum(position, last)[None], axis=1)
        inside = (position < self.prefix_lengths)[:, None]  # (rows, 1)
        only = ops.arange(ops.shape(ids)[1], dtype="int32") == 0  # the first candidate
        log_probability = pick(log_probabilities, token_ids)  # (rows, 1)
        floored = ops.where(log_probability > FORCED_FLOOR, log_probability, FORCED_FLOOR)
        forced = ops.where(only, floored, LOG_ZERO)
        return ops.where(inside, forced, values), ops.where(inside, token_ids, ids)

    def log_probabilities(self, log_probabilities: Tensor, values: Tensor, ids: Tensor) -> Tensor:
        """Returns the candidates' own log probabilities, which are `values` if no rule is on.

        Args:
            log_probabilities: `(rows, vocabulary_size)` float32, the model's.
            values: `(rows, count)` float32, the candidates' rankings.
            ids: `(rows, count)` int32.
        """
        if not self.constraints.active and self.prefix_ids is None:
            return recorded(values)  # a minimum length moves no number
        return recorded(pick(log_probabilities, ids))
