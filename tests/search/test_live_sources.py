from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.search import BeamSearch, GreedySearch, SamplingSearch, Search, ensemble_step

CODES = np.array([5, 1, 7, 3, 11, 2], "int32")
LIMITS = np.array([2, 9, 3, 6, 4, 1], "int32")
OPTIONS = {
    "min_lengths": np.array([1, 5, 2, 1, 3, 1], "int32"),
    "source_mask": np.arange(4) < np.array([4, 3, 2, 4, 1, 2])[:, None],
    "prefix_ids": np.array([[1, 2], [2, 0], [0, 0], [2, 1], [0, 0], [0, 0]], "int32"),
    "prefix_lengths": np.array([2, 1, 0, 2, 0, 0], "int32"),
    "row_keys": np.array([3, 1, 4, 1, 5, 9], "int32"),
}


class SourceTreeStep:
    """The step of the tree, whose answer also depends on what it reads of the source."""

    def __init__(self, tree: Any, prepared: list[Any], rows: tf.Variable) -> None:
        self.tree = tree
        self.prepared = prepared
        self.rows = rows

    def bind(self, prepared: list[Any]) -> "SourceTreeStep":
        return SourceTreeStep(self.tree, prepared, self.rows)

    def __call__(self, token_ids: Any, state: list[Any]) -> tuple[Any, list[Any], Any]:
        self.rows.assign_add(tf.shape(token_ids)[0])
        log_probabilities, state, weights = self.tree(token_ids, state)
        of_source = tf.cast(self.prepared[0], tf.float32)
        beams = tf.shape(token_ids)[0] // tf.shape(of_source)[0]
        shift = tf.repeat(of_source, beams, axis=0)[:, None] * tf.constant([0.3, -0.2, 0.1, 0.0])
        return tf.nn.log_softmax(log_probabilities + shift), state, weights


@pytest.mark.parametrize(
    "search",
    [
        GreedySearch(),
        BeamSearch(num_beams=3, n_best=2, coverage_penalty=0.1),
        SamplingSearch(n_best=2),
        BeamSearch(num_beams=2, constraints={"no_repeat_ngram_size": 2}),
        GreedySearch(constraints={"repetition_penalty": 1.3}),
    ],
    ids=["greedy", "beam", "sampling", "no-repeat", "repetition"],
)
@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["plain", "with options"])
def test_leaving_sources_out_changes_no_answer(
    tree_step: Any, search: Search, options: dict[str, Any]
) -> None:
    """Whatever a call may ask for belongs to its source, and must go where that goes."""

    def run(codes: Any, limits: Any, leaves: bool, computed: Any) -> Any:
        step = SourceTreeStep(tree_step, [codes], computed)
        state = [codes, tf.cast(tf.stack([codes, -codes], -1)[:, None], tf.float32), codes > 2]
        return search(step if leaves else step.__call__, state, limits, 4, **options)

    results, rows = [], []
    for leaves in (True, False):
        computed = tf.Variable(0)
        graph = tf.function(
            lambda codes, limits, leaves=leaves, computed=computed: run(
                codes, limits, leaves, computed
            ),
            input_signature=[tf.TensorSpec([None], tf.int32)] * 2,
            autograph=False,
        )
        results.append(graph(CODES, LIMITS))
        rows.append(int(computed))
    for narrow, wide in zip(*results, strict=True):
        np.testing.assert_allclose(narrow, wide, rtol=1e-6)
    assert rows[0] < 0.8 * rows[1]


def test_the_first_step_computes_one_beam_of_each_source(tree_step: Any) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)] * 2, autograph=False)
    def search(codes: Any, limits: Any) -> Any:
        step = SourceTreeStep(tree_step, [codes], computed)
        state = [codes, tf.cast(tf.stack([codes, -codes], -1)[:, None], tf.float32), codes > 2]
        return BeamSearch(num_beams=3, n_best=3)(step, state, limits, 4)

    computed = tf.Variable(0)
    search(CODES, np.full_like(CODES, 1))
    assert int(computed) == len(CODES)
    search(CODES, np.full_like(CODES, 2))
    assert int(computed) == len(CODES) + (1 + 3) * len(CODES)


def test_an_ensemble_leaves_sources_out_if_all_its_models_can(tree_step: Any) -> None:
    steps = [SourceTreeStep(tree_step, [np.ones(2)] * 2, tf.Variable(0)) for _ in range(2)]
    joint, _ = ensemble_step(steps, [[], []])
    assert len(joint.prepared) == 4  # type: ignore[attr-defined]
    halved = joint.bind([each[:1] for each in joint.prepared])  # type: ignore[attr-defined]
    assert [step.prepared[0].shape for step in halved.steps] == [(1,), (1,)]
    mixed, _ = ensemble_step([steps[0], tree_step], [[], []])
    assert getattr(mixed, "prepared", None) is None
