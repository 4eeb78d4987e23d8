"""What every search returns, and the finite numbers that stand for the logarithm of zero."""

from typing import NamedTuple

from kerasseq.typing import Tensor

LOG_ZERO = -1e30
"""The ranking of what may not be chosen, and the score of an absent hypothesis: finite, so that
sums of it stay finite and a JSON writer can print it."""

IMPOSSIBLE = LOG_ZERO / 2
"""A ranking above this bound belongs to something that may be chosen."""

LOG_FLOOR = -1e6
"""The lowest log probability of one token that is ever recorded. Only a forced token of
probability zero gets there."""


class SearchResult(NamedTuple):
    """The hypotheses of each source, best first (samples: in the order they were drawn).

    An absent hypothesis (fewer than `n_best` exist, or the first step allowed nothing) has length
    0, `finished` False, score `LOG_ZERO` (-1e30) and nothing but padding. Every number is finite.

    Attributes:
        token_ids: `(batch, n_best, max_length)` int32, end included, padded with `pad_id`;
            `max_length` is the largest of the rows' limits, at least 1.
        lengths: `(batch, n_best)` int32, tokens with the end.
        scores: `(batch, n_best)` float32, summed natural log probability of the model, before
            any penalty, constraint or temperature: forced decoding gives the same number.
        finished: `(batch, n_best)` boolean, ended with `end_id`. False is a hypothesis that was
            cut off at its limit, or that no token was allowed to continue.
        token_log_probabilities: `(batch, n_best, max_length)` float32, 0 on padding.
        attention_weights: `(batch, n_best, max_length, source_length)` float32, the weights that
            were in use when the token was chosen, 0 on padding.
    """

    token_ids: Tensor
    lengths: Tensor
    scores: Tensor
    finished: Tensor
    token_log_probabilities: Tensor
    attention_weights: Tensor
