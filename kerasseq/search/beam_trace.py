"""What the beams of a search were, step by step: its tree."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from keras import ops

from kerasseq.search.beam_result import result_of
from kerasseq.search.beam_step import BeamStep
from kerasseq.search.looping import Carry
from kerasseq.search.search_result import IMPOSSIBLE, SearchResult
from kerasseq.typing import BeamNode, Tensor


class BeamTrace(NamedTuple):
    """A beam search with all that it looked at, as arrays of NumPy.

    `columns` is `2 * beams`: first the beams that live on after a step, then the step's best
    candidates, of which those that are ends are complete hypotheses.

    Attributes:
        result: what the search returns.
        token_ids: `(steps, batch, columns)` int32.
        parents: `(steps, batch, columns)` int32, the beam of the step before that each column
            continues.
        log_probabilities: `(steps, batch, columns)` float32, the tokens' own.
        kept: `(steps, batch, columns)` boolean, whether a column is a beam that lives on, or a
            complete hypothesis; else it means nothing.
    """

    result: SearchResult
    token_ids: np.ndarray
    parents: np.ndarray
    log_probabilities: np.ndarray
    kept: np.ndarray


def trace_steps(step: BeamStep, carry: Carry) -> BeamTrace:
    """Repeats a step eagerly until nothing runs any more.

    The same step as that of the loop: what a search carries has all but which beams live, which
    it overwrites at every step.

    Args:
        step: the step of a beam search.
        carry: the beams before the first step.
    """
    live = []
    while _array(step.runs(carry.rows)).any():
        before, carry = carry, step.advance(carry)
        advanced = _array(carry.rows.lengths) > _array(before.rows.lengths)  # (batch,)
        live.append((_array(carry.rows.ranking) > IMPOSSIBLE) & advanced[:, None])
    batch = _array(carry.rows.lengths).shape[0]
    written = [_array(each)[: len(live)] for each in carry.written[:4]]
    token_ids, parents, log_probabilities, ended = written
    lives = np.reshape(np.array(live, dtype=bool), (len(live), batch, step.num_beams))
    return BeamTrace(
        result_of(carry, step),
        token_ids,
        parents,
        log_probabilities,
        np.concatenate([lives, ended > IMPOSSIBLE], axis=-1),
    )


def beam_nodes(trace: BeamTrace, row: int, token_of: Callable[[int], str]) -> list[BeamNode]:
    """Returns the tree of one source's search, parents before their children.

    Args:
        trace: what `BeamSearch.trace` gave.
        row: the source's place in the batch.
        token_of: from an id to the token as text.
    """
    ranks = _ranks(trace.result, row)
    steps, _, columns = trace.kept.shape
    nodes: list[BeamNode] = []
    prefixes: list[tuple[int, ...]] = []
    beams: dict[int, int | None] = {0: None}  # from a live beam to its node
    for step in range(steps):
        after: dict[int, int | None] = {}
        for column in np.flatnonzero(trace.kept[step, row]).tolist():
            parent = beams[int(trace.parents[step, row, column])]
            token_id = int(trace.token_ids[step, row, column])
            own = float(trace.log_probabilities[step, row, column])
            prefix = (*(() if parent is None else prefixes[parent]), token_id)
            ended = column >= columns // 2
            score = own + (0.0 if parent is None else nodes[parent].score)
            after |= {} if ended else {column: len(nodes)}
            nodes.append(
                BeamNode(step, parent, token_of(token_id), own, score, ended, ranks.get(prefix))
            )
            prefixes.append(prefix)
        beams = after
    return nodes


def _ranks(result: SearchResult, row: int) -> dict[tuple[int, ...], int]:
    """From the tokens of each hypothesis to its place: no two beams ever say the same."""
    lengths = _array(result.lengths)[row].tolist()
    token_ids = _array(result.token_ids)[row].tolist()
    return {
        tuple(ids[:length]): rank
        for rank, (ids, length) in enumerate(zip(token_ids, lengths, strict=True))
        if length > 0
    }


def _array(tensor: Tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))
