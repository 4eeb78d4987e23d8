from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasseq.search import BeamSearch, ensemble_step
from kerasseq.search.shared_states import equal_states, first_twins

SOURCES = np.array([5, 1, 7, 3, 11, 2], "int32")
LIMITS = np.array([2, 9, 3, 6, 4, 1], "int32")


class SharingTreeStep:
    """The step of the tree, which reads each distinct state once and counts them."""

    shares_states = True

    def __init__(self, tree: Any, prepared: list[Any], counts: tf.Variable, shared: Any = None):
        self.tree = tree
        self.prepared = prepared
        self.counts = counts
        self.shared = shared

    def bind(self, prepared: list[Any]) -> "SharingTreeStep":
        return SharingTreeStep(self.tree, prepared, self.counts)

    def sharing(self, shared: Any) -> "SharingTreeStep":
        return SharingTreeStep(self.tree, self.prepared, self.counts, shared)

    def __call__(self, token_ids: Any, state: list[Any]) -> tuple[Any, list[Any], Any]:
        rows = tf.shape(token_ids)[0]
        if self.shared is not None:
            # The tree says nothing but NaN where the tensors of a state are not of one row.
            codes, *rest = state
            state = [self.shared.once(lambda distinct: distinct, codes), *rest]
            self.counts.assign_add([rows, tf.size(self.shared.distinct)])
        return self.tree(token_ids, state)


@pytest.mark.parametrize("num_beams", [1, 2, 5])
def test_beams_of_one_parent_share_its_state_and_nothing_else(
    tree_step: Any, num_beams: int
) -> None:
    counts = tf.Variable([0, 0])
    search = BeamSearch(num_beams=num_beams, n_best=num_beams, length_penalty="none")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)] * 2, autograph=False)
    def shared(sources: Any, limits: Any) -> Any:
        step = SharingTreeStep(tree_step, [sources], counts)
        return search(step, states_of(sources), limits, 4)

    narrow = shared(SOURCES, LIMITS)
    wide = search(tree_step, states_of(tf.constant(SOURCES)), LIMITS, 4)
    for one, other in zip(narrow, wide, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    rows, states = counts.numpy()
    if num_beams == 1:
        assert states == rows
    else:  # of all beams some have a sister, and of the first step's one row none
        assert len(SOURCES) < states < rows


def states_of(sources: Any) -> list[Any]:
    return [sources, tf.cast(tf.stack([sources, -sources], -1)[:, None], tf.float32), sources > 2]


def test_each_beam_is_told_the_first_of_its_parent() -> None:
    twins = first_twins(ops.convert_to_tensor([[2, 0, 2, 2], [0, 1, 1, 0]], dtype="int32"))
    assert ops.convert_to_numpy(twins).tolist() == [[0, 1, 0, 0], [0, 1, 1, 0]]
    shared = equal_states(twins)
    assert ops.convert_to_numpy(shared.distinct).tolist() == [0, 1, 4, 5]
    assert ops.convert_to_numpy(shared.places).tolist() == [0, 1, 0, 0, 2, 3, 3, 2]


def test_what_is_computed_once_goes_to_every_row_that_has_it() -> None:
    shared = equal_states(ops.convert_to_tensor([[0, 0, 2]], dtype="int32"))
    seen = []

    def compute(states: Any) -> Any:
        seen.append(ops.convert_to_numpy(states).tolist())
        return 10 * states

    state = ops.convert_to_tensor([[1.0], [1.0], [3.0]])
    assert ops.convert_to_numpy(shared.once(compute, state)).tolist() == [[10], [10], [30]]
    assert seen == [[[1], [3]]]


def test_an_ensemble_passes_on_which_rows_share_states(tree_step: Any) -> None:
    counts = [tf.Variable([0, 0]), tf.Variable([0, 0])]
    steps = [SharingTreeStep(tree_step, [np.ones(2)], each) for each in counts]
    joint, _ = ensemble_step([*steps, tree_step], [[], [], []])
    shared = equal_states(ops.convert_to_tensor([[0, 0, 2]], dtype="int32"))
    assert joint.shares_states  # type: ignore[attr-defined]
    assert not ensemble_step([tree_step], [[]])[0].shares_states  # type: ignore[attr-defined]
    inner = joint.sharing(shared).steps  # type: ignore[attr-defined]
    assert [getattr(step, "shared", None) for step in inner] == [shared, shared, None]
