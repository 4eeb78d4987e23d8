"""The contract, for every member of the family."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import SEARCHES, BeamSearch, GreedySearch, SamplingSearch, Search
from kerasseq.serialization import get

tf: Any = pytest.importorskip("tensorflow")
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="it is about TensorFlow's graphs"
)

EVERYTHING = {"no_repeat_ngram_size": 2, "repetition_penalty": 1.1, "banned_ids": [0]}
MEMBERS = {
    "greedy": GreedySearch(start_id=0),
    "beam": BeamSearch(3, 2, start_id=0),
    "sampling": SamplingSearch(2, start_id=0),
    "greedy, constrained": GreedySearch(None, EVERYTHING, start_id=0),
    "beam, constrained": BeamSearch(3, 2, "mean", 0.2, None, EVERYTHING, start_id=0),
    "sampling, filtered": SamplingSearch(2, 0.8, 3, 0.9, 0, None, EVERYTHING, start_id=0),
}
each_member = pytest.mark.parametrize("search", MEMBERS.values(), ids=MEMBERS.keys())


class Graph(tf.Module):  # type: ignore[misc]
    """A search in a graph of which no size is known but those that never change."""

    def __init__(self, search: Search, step: Any) -> None:
        super().__init__()
        self.search = search
        self.step = step

    @tf.function(
        input_signature=[
            [
                tf.TensorSpec([None], "int32"),
                tf.TensorSpec([None, 1, 2]),
                tf.TensorSpec([None], bool),
            ],
            tf.TensorSpec([None], "int32"),
            tf.TensorSpec([None], "int32"),
            tf.TensorSpec([None, None], "int32"),
        ],
        autograph=False,
    )
    def run(self, state: Any, max_lengths: Any, min_lengths: Any, prefix_ids: Any) -> Any:
        return self.search(
            self.step,
            state,
            max_lengths,
            tf.reduce_max(min_lengths) * 0 + 4,
            min_lengths=min_lengths,
            prefix_ids=prefix_ids,
            prefix_lengths=tf.reduce_sum(tf.cast(prefix_ids > 0, "int32"), axis=1),
        )


@pytest.fixture(scope="module", params=list(MEMBERS.values()), ids=list(MEMBERS))
def graph(request: Any, tree_step: Any) -> Any:
    """Traced once for all the tests of a member."""
    return Graph(request.param, tree_step)


def arguments(step: Any) -> Any:
    return (
        [tf.constant(tensor) for tensor in step.state([5, 6, 7])],
        tf.constant([3, 6, 2]),
        tf.constant([1, 3, 1]),
        tf.constant([[0, 0], [1, 0], [2, 1]]),
    )


def ops_of(function: Any) -> Any:
    """The ops outside and inside of loops."""
    definition = function.get_concrete_function().graph.as_graph_def()
    inner = [node.op for function in definition.library.function for node in function.node_def]
    return [node.op for node in definition.node], inner


def assert_equal(result: Any, expected: Any) -> None:
    for one, other in zip(result, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@on_tensorflow
def test_a_graph_of_unknown_sizes_gives_what_eager_gives(graph: Any) -> None:
    state, limits, minima, prefixes = arguments(graph.step)
    eager = graph.search(
        graph.step,
        state,
        limits,
        4,
        min_lengths=minima,
        prefix_ids=prefixes,
        prefix_lengths=[0, 1, 2],
    )
    assert_equal(graph.run(state, limits, minima, prefixes), eager)


@on_tensorflow
def test_a_graph_holds_one_loop_and_core_ops_only(graph: Any) -> None:
    outer, inner = ops_of(graph.run)
    assert not [op for op in outer + inner if op.startswith(("Xla", "PyFunc", "EagerPy", "Cudnn"))]
    # One loop searches; beam search walks back once along the parents.
    assert sum("While" in op for op in outer) == (2 if isinstance(graph.search, BeamSearch) else 1)
    assert not [op for op in inner if "While" in op]
    assert "ArgMax" not in outer + inner


@on_tensorflow
def test_an_empty_batch_runs_through_a_graph(graph: Any) -> None:
    nobody = np.zeros(0, "int32")
    result = graph.run(graph.step.state([]), nobody, nobody, np.zeros((0, 0), "int32"))
    n_best = graph.search.n_best
    shapes = [(0, n_best, 1), (0, n_best), (0, n_best), (0, n_best), (0, n_best, 1)]
    assert [tuple(tensor.shape) for tensor in result] == [*shapes, (0, n_best, 1, 4)]


@on_tensorflow
def test_a_saved_model_searches_alike(tree_step: Any, tmp_path: Path) -> None:
    graph = Graph(MEMBERS["sampling, filtered"], tree_step)
    expected = graph.run(*arguments(tree_step))
    tf.saved_model.save(graph, str(tmp_path))
    assert_equal(tf.saved_model.load(str(tmp_path)).run(*arguments(tree_step)), expected)


@on_tensorflow
@pytest.mark.parametrize("member", ["greedy", "beam", "greedy, constrained"])
def test_rules_that_are_off_do_not_enter_the_graph(member: str, tree_step: Any) -> None:
    search = MEMBERS[member]
    state = [tf.constant(tensor) for tensor in tree_step.state([5])]
    run = tf.function(lambda: search(tree_step, state, [3], 4), autograph=False)
    _, inner = ops_of(run)
    assert ("ScatterNd" in inner) == search.output_rule.active
    if member == "greedy":
        assert inner.count("TopKV2") == 1
        assert inner.count("GatherV2") == 0


@on_tensorflow
@each_member
def test_a_vocabulary_may_be_known_at_run_time_only(search: Search) -> None:
    table = np.log(np.array([[0.1, 0.5, 0.2, 0.2]] * 4, "float32"))

    def step(token_ids: Any, state: Any) -> Any:
        return ops.take(table, token_ids, axis=0), state, ops.one_hot(token_ids, 4)

    @tf.function(input_signature=[tf.TensorSpec([None, None])], autograph=False)
    def run(table: Any) -> Any:
        def step(token_ids: Any, state: Any) -> Any:
            return tf.gather(table, token_ids), state, tf.one_hot(token_ids, 4)

        return search(step, [], [3], 4)

    assert_equal(run(table), search(step, [], [3], 4))


@on_tensorflow
def test_a_step_may_return_a_state_of_which_less_is_known(labelled_step: Any) -> None:
    @tf.function
    def run(state: Any) -> Any:
        def step(token_ids: Any, state: Any) -> Any:
            forgetful = tf.reshape(state[0], tf.shape(state[0]) + tf.reduce_sum(token_ids) * 0)
            return labelled_step(token_ids, [forgetful])

        return BeamSearch(2, start_id=0)(step, [state], [4, 4], 4)

    assert tuple(run(tf.zeros((2, 3))).token_ids.shape) == (2, 1, 4)


def test_a_member_is_chosen_by_name_config_or_object() -> None:
    assert isinstance(get(SEARCHES, "greedy", "search"), GreedySearch)
    search = get(SEARCHES, {"name": "beam", "num_beams": 3, "n_best": 2}, "search")
    assert isinstance(search, BeamSearch)
    assert (search.num_beams, search.n_best) == (3, 2)
    config = keras.saving.serialize_keras_object(search)
    assert get(SEARCHES, config, "search").get_config() == search.get_config()
    assert get(SEARCHES, search, "search") is search
    with pytest.raises(ValueError, match="`search` must be one of 'beam', 'greedy', 'sampling'"):
        get(SEARCHES, "best", "search")


def test_a_demanded_minimum_must_be_passed(labelled_step: Any) -> None:
    search = GreedySearch(length_limits={"min_length": 2})
    message = (
        "`min_lengths` must be given, since `length_limits` demands a minimum length. "
        r"Received: None. Use `min_lengths, max_lengths = search.limits\(source_lengths\)`."
    )
    with pytest.raises(ValueError, match=message):
        search(labelled_step, [], [3], 4)


@pytest.mark.parametrize("given", ["prefix_ids", "prefix_lengths"])
def test_a_prefix_comes_with_its_lengths(given: str, labelled_step: Any) -> None:
    missing = {"prefix_ids": "prefix_lengths", "prefix_lengths": "prefix_ids"}[given]
    message = f"`prefix_ids` and `prefix_lengths` must be given together. Received: no `{missing}`."
    with pytest.raises(ValueError, match=message):
        GreedySearch()(labelled_step, [], [3], 4, **{given: np.ones((1, 1), "int32")})


@each_member
def test_a_step_must_keep_its_promises(search: Search, labelled_step: Any) -> None:
    def loses_state(token_ids: Any, state: Any) -> Any:
        return labelled_step(token_ids, [])

    message = "`step` must return as many state tensors as it gets. Received: 0, given 1."
    with pytest.raises(ValueError, match=message):
        search(loses_state, [np.zeros((1, 2))], [3], 4)
    message = (
        "`step` must return attention weights as wide as `source_length`. "
        "Received: 4, source_length 5."
    )
    with pytest.raises(ValueError, match=message):
        search(labelled_step, [], [3], 5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"start_id": -1}, ValueError, "`start_id` must be an integer of at least 0.*: -1"),
        ({"end_id": 1.0}, TypeError, "`end_id` must be an integer of at least 0.*: 1.0"),
        ({"pad_id": None}, TypeError, "`pad_id` must be an integer of at least 0.*: None"),
        (
            {"length_limits": 50},
            TypeError,
            "`length_limits` must be a `LengthLimits`, a mapping of its arguments, or None. "
            "Received: 50.",
        ),
        (
            {"constraints": "few"},
            TypeError,
            "`constraints` must be a `Constraints`, a mapping of its arguments, or None. "
            "Received: 'few'.",
        ),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        GreedySearch(**arguments)


def test_the_contract_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Search()  # type: ignore[abstract]
