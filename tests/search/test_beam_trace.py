from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch, beam_nodes
from kerasseq.typing import BeamNode

START = 0


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


def letter(token_id: int) -> str:
    return "SAB."[token_id]


def text(nodes: list[BeamNode], place: int | None) -> str:
    """The beginning that ends at a node."""
    if place is None:
        return ""
    return text(nodes, nodes[place].parent) + nodes[place].token


def search(num_beams: int, n_best: int = 1, **options: Any) -> BeamSearch:
    return BeamSearch(num_beams, n_best, options.pop("penalty", "none"), start_id=START, **options)


def test_the_tree_by_hand(labelled_step: Any) -> None:
    """Of A 0.6 and B 0.4 grow AA 0.06, AB 0.42, A. 0.12, BB 0.04, B. 0.36; beams keep two."""
    beams = search(2)
    nodes = beam_nodes(beams.trace(beams.request(labelled_step, [], [2], 4)), 0, letter)
    found = {text(nodes, place): node for place, node in enumerate(nodes)}
    assert list(found) == ["A", "B", "AB", "AA", "B."]
    assert [name for name, node in found.items() if node.ended] == ["B."]
    assert {name: node.rank for name, node in found.items() if node.rank is not None} == {"B.": 0}
    scores = {"A": 0.6, "B": 0.4, "AB": 0.42, "AA": 0.06, "B.": 0.36}
    for name, probability in scores.items():
        assert np.exp(found[name].score) == pytest.approx(probability)
    assert np.exp(found["B."].log_probability) == pytest.approx(0.9)
    assert [node.step for node in nodes] == [len(name) - 1 for name in found]


@pytest.mark.parametrize("penalty", ["none", "gnmt", "mean"])
@pytest.mark.parametrize("num_beams", [1, 3, 9])
def test_the_tree_agrees_with_the_result_of_a_call(
    num_beams: int, penalty: str, tree_step: Any
) -> None:
    sources, limits = [5, 6, 7, 9], [7, 4, 0, 6]
    beams = search(num_beams, num_beams, penalty=penalty, coverage_penalty=0.1)
    arguments = (tree_step, tree_step.state(sources), limits, 4)
    expected = beams(*arguments)
    trace = beams.trace(beams.request(*arguments))
    for ours, theirs in zip(trace.result, expected, strict=True):
        np.testing.assert_array_equal(numpy(ours), numpy(theirs))
    for row, limit in enumerate(limits):
        nodes = beam_nodes(trace, row, letter)
        by_rank = {node.rank: place for place, node in enumerate(nodes) if node.rank is not None}
        lengths = numpy(expected.lengths)[row]
        assert sorted(by_rank) == list(range((lengths > 0).sum()))
        for rank, place in by_rank.items():
            ids = numpy(expected.token_ids)[row, rank, : lengths[rank]]
            assert text(nodes, place) == "".join(map(letter, ids))
            assert nodes[place].score == pytest.approx(numpy(expected.scores)[row, rank], abs=1e-4)
            assert nodes[place].ended == numpy(expected.finished)[row, rank]
        # No beginning twice, no more beams than there are, nothing behind an end.
        beginnings = [text(nodes, place) for place in range(len(nodes))]
        assert len(set(beginnings)) == len(beginnings)
        assert not any("." in beginning[:-1] for beginning in beginnings)
        assert all(node.step < limit for node in nodes)  # others go on
        for step in range(limit):
            living = [node for node in nodes if node.step == step and not node.ended]
            assert len(living) <= num_beams


def test_parents_stand_before_their_children(tree_step: Any) -> None:
    beams = search(4, 2)
    request = beams.request(tree_step, tree_step.state([5]), [6], 4)
    nodes = beam_nodes(beams.trace(request), 0, letter)
    for place, node in enumerate(nodes):
        if node.step == 0:
            assert node.parent is None
        else:
            assert node.parent is not None
            assert node.parent < place
            assert nodes[node.parent].step == node.step - 1
