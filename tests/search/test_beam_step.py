"""Beam search at widths that prune, against the same search written with Python lists."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch

START, END = 0, 3
PENALTIES: dict[str, Callable[[int], float]] = {"mean": float, "none": lambda length: 1.0}
Beam = tuple[tuple[int, ...], float]


def extend(step: Any, source: int, live: list[Beam]) -> list[Beam]:
    """All continuations of the live beams, best first."""
    found: list[Beam] = []
    for tokens, score in live:
        state = step.state([source])
        for token_id in (START, *tokens):
            own, state, _ = step(np.array([token_id], "int32"), state)
        scores = ops.convert_to_numpy(own)[0].tolist()
        found += [((*tokens, next_id), score + scores[next_id]) for next_id in range(step.size)]
    return sorted(found, key=lambda beam: -beam[1])


def search_in_python(
    step: Any, source: int, limit: int, width: int, n_best: int, penalty: Callable[[int], float]
) -> list[Beam]:
    live: list[Beam] = [((), 0.0)]
    ended: list[Beam] = []
    for length in range(1, limit + 1):
        candidates = extend(step, source, live)
        ended += [beam for beam in candidates[:width] if beam[0][-1] == END]
        ended.sort(key=lambda beam: -beam[1] / penalty(len(beam[0])))
        live = [beam for beam in candidates if beam[0][-1] != END][:width]
        reach = live[0][1] / max(penalty(length + 1), penalty(limit))
        if len(ended) >= n_best and reach <= ended[n_best - 1][1] / penalty(
            len(ended[n_best - 1][0])
        ):
            break
    return (ended[:n_best] + live)[:n_best]


@pytest.mark.parametrize(("width", "n_best"), [(2, 1), (3, 3)])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_pruned_searches_agree(width: int, n_best: int, penalty: str, tree_step: Any) -> None:
    sources, limits = [5, 6, 11], [6, 3, 5]
    search = BeamSearch(width, n_best, penalty, start_id=START)
    result = search(tree_step, tree_step.state(sources), limits, 4)
    lengths, token_ids = ops.convert_to_numpy(result.lengths), ops.convert_to_numpy(result[0])
    for row, (source, limit) in enumerate(zip(sources, limits, strict=True)):
        expected = search_in_python(tree_step, source, limit, width, n_best, PENALTIES[penalty])
        found = [tuple(ids[:n]) for ids, n in zip(token_ids[row], lengths[row], strict=True)]
        assert found == [tokens for tokens, _ in expected]
        scores = [score for _, score in expected]
        np.testing.assert_allclose(ops.convert_to_numpy(result.scores)[row], scores, atol=1e-5)
