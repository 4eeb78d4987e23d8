"""What a model thinks of given outputs: forced decoding, and the perplexity of a corpus."""

from typing import NamedTuple

from keras import ops

from kerasseq.search.buffers import repeat_all
from kerasseq.search.call_checks import check_ids, check_lengths, check_same_shape, integers
from kerasseq.search.candidates import recorded
from kerasseq.search.constraints import Constraints
from kerasseq.search.gathering import padded_ids, pick
from kerasseq.search.paths import follow
from kerasseq.search.request import Request
from kerasseq.search.rules import Rules
from kerasseq.search.stepping import StepScores
from kerasseq.typing import State, StepFunction, Tensor

NEVER = -1  # no token ends the forced path before its length


class TokenScores(NamedTuple):
    """The log probabilities of given outputs, `candidates` a source.

    Attributes:
        scores: `(batch, candidates)` float32, the sum over the real tokens; 0 for no token.
        token_log_probabilities: `(batch, candidates, target_length)` float32, 0 on padding.
        attention_weights: `(batch, candidates, target_length, source_length)` float32, 0 on
            padding.
    """

    scores: Tensor
    token_log_probabilities: Tensor
    attention_weights: Tensor


def score_tokens(
    step: StepFunction,
    state: State,
    token_ids: Tensor,
    lengths: Tensor,
    source_length: Tensor,
    start_id: int = 2,
) -> TokenScores:
    """Returns the log probabilities of given outputs, by forced decoding with the same step.

    For ranking pairs, for perplexity, and for hypotheses of another search or another model: the
    score of a hypothesis that a search returned is the score that the search gave it.

    Args:
        step: the step function, as a search takes it.
        state: a flat list of `(batch, ...)` tensors, repeated here for the candidates.
        token_ids: `(batch, candidates, target_length)` integer, end included, right-padded with
            anything.
        lengths: `(batch, candidates)` integer, how many of them are real.
        source_length: scalar integer, the width of the attention weights.
        start_id: the token that the first step reads.

    Returns:
        `TokenScores`; a token of probability zero counts -1e6.

    Raises:
        ValueError, TypeError: if `token_ids` or `lengths` has other axes or no integers, the
            candidates are not as many, or longer than `token_ids`, or an id is none of the
            vocabulary's.
    """
    token_ids, lengths = integers("token_ids", token_ids, 3), integers("lengths", lengths, 2)
    check_same_shape("lengths", lengths, tuple(token_ids.shape)[:2])
    check_lengths("lengths", lengths, "token_ids", token_ids)
    batch, candidates, target_length = ops.shape(token_ids)
    rows = ops.reshape(token_ids, (batch * candidates, target_length))
    limits = ops.reshape(lengths, (-1,))
    by_position = ops.transpose(padded_ids(rows, limits))  # (target_length + 1, rows)

    def choose(scores: StepScores, ids: Tensor | None) -> tuple[Tensor, Tensor]:
        check_ids("token_ids", rows, limits, scores.values.shape[-1])
        return recorded(pick(scores.values, ids)), ids

    tiled = repeat_all([ops.convert_to_tensor(tensor) for tensor in state], candidates)
    request = Request(step, tiled, limits, source_length, width=target_length + 1, times=candidates)
    rules = Rules(Constraints(), NEVER, None, None, None)
    result = follow(request, choose, rules, start_id, pad_id=0, given=by_position)
    own = result.token_log_probabilities[:, :, :target_length]
    return TokenScores(ops.sum(own, axis=-1), own, result.attention_weights[:, :, :target_length])


def perplexity(scores: Tensor, lengths: Tensor) -> Tensor:
    """Returns the perplexity a token, a scalar: `exp(-sum(scores) / sum(lengths))`.

    Args:
        scores: summed natural log probabilities, of any shape.
        lengths: how many tokens each of them sums over, in the same shape.

    Raises:
        ValueError: if there is no score, or not one length a score.
    """
    scores = ops.cast(ops.convert_to_tensor(scores), "float32")
    lengths = ops.convert_to_tensor(lengths)
    check_same_shape("lengths", lengths, tuple(scores.shape))
    if 0 in tuple(scores.shape):
        raise ValueError(f"`scores` must hold at least one. Received: shape {tuple(scores.shape)}.")
    count = ops.sum(ops.cast(lengths, "float32"))
    return ops.exp(-ops.sum(scores) / ops.maximum(count, 1.0))
