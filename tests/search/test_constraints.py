import math
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch, Constraints, GreedySearch, SamplingSearch, score_tokens
from kerasseq.search.constraints import said_before, would_repeat

START, A, B, END = range(4)


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


def searches(**options: Any) -> Any:
    return [
        GreedySearch(start_id=START, **options),
        BeamSearch(2, start_id=START, length_penalty="none", **options),
        SamplingSearch(seed=1, top_k=1, start_id=START, **options),
    ]


each_search = pytest.mark.parametrize("kind", range(3), ids=["greedy", "beam", "sampling"])


@pytest.fixture
def loop(table_step: Any) -> Any:
    """Says A and B in turn for ever; the end comes second, B third."""
    return table_step(
        [[0, 0.8, 0.1, 0.1], [0, 0.02, 0.9, 0.08], [0, 0.9, 0.01, 0.09], [np.nan] * 4]
    )


@each_search
def test_no_ngram_occurs_twice(kind: int, loop: Any, texts: Any, check_result: Any) -> None:
    search = searches(constraints={"no_repeat_ngram_size": 2})[kind]
    result = search(loop, [], [6], 4)
    check_result(result)
    assert texts(result) == [["ABA."]] if kind != 1 else [["A."]]


@pytest.mark.backend
def test_an_ngram_repeats_what_the_row_itself_has_said() -> None:
    history = ops.convert_to_tensor([[1, 2, 1, 2, 0], [1, 2, 3, 1, 0], [2, 2, 2, 2, 0]])

    def found(size: int, position: Any) -> Any:
        repeats = would_repeat(history, ops.convert_to_tensor(position), size, (3, 5))
        return [np.flatnonzero(row).tolist() for row in numpy(repeats)]

    assert found(1, 4) == [[1, 2], [1, 2, 3], [2]]
    assert found(2, 4) == [[1], [2], [2]]
    assert found(3, 4) == [[1], [], [2]]
    assert found(3, 3) == [[], [], [2]]
    assert found(4, 4) == [[], [], [2]]
    assert found(2, 1) == [[], [], []]
    assert found(2, 0) == [[], [], []]


def test_what_was_said_is_what_stands_before_the_position() -> None:
    history = ops.convert_to_tensor([[1, 2, 4]])
    said = said_before(history, ops.convert_to_tensor(2), (1, 5))
    assert numpy(said).tolist() == [[False, True, True, False, False]]


@pytest.mark.backend
def test_the_repetition_penalty_multiplies_the_log_probability_of_what_was_said() -> None:
    constraints = Constraints(repetition_penalty=2.0)
    history = ops.convert_to_tensor([[1, 0, 0]])
    ranking = constraints(ops.convert_to_tensor([[-1.0, -1.0, -3.0]]), history, 1)
    assert numpy(ranking).tolist() == [[-1.0, -2.0, -3.0]]


@each_search
def test_the_repetition_penalty_moves_the_choice_and_not_the_record(
    kind: int, loop: Any, texts: Any
) -> None:
    # After ABA, B would rank at 40 log(0.9) = -4.2, the end at log(0.08) = -2.5.
    search = searches(constraints={"repetition_penalty": 40.0})[kind]
    result = search(loop, [], [6], 4)
    text = texts(result)[0][0]
    assert text.endswith(".")
    forced = score_tokens(loop, [], result.token_ids, result.lengths, 4, start_id=START)
    np.testing.assert_allclose(numpy(result.scores), numpy(forced.scores), rtol=1e-6)


@each_search
def test_a_banned_token_is_never_chosen(
    kind: int, loop: Any, texts: Any, check_result: Any
) -> None:
    result = searches(constraints={"banned_ids": [A]})[kind](loop, [], [3], 4)
    check_result(result)
    assert texts(result) == ([["B."]] if kind != 1 else [["."]])
    # Nothing is renormalised: the record is the model's.
    if kind != 1:
        assert numpy(result.scores)[0, 0] == pytest.approx(math.log(0.1 * 0.09))


@each_search
def test_a_row_that_nothing_may_continue_is_cut_off_there(
    kind: int, loop: Any, texts: Any, check_result: Any
) -> None:
    def until_two(token_ids: Any, length: Any) -> Any:
        return ops.where(length < 2, ops.ones((4,), dtype="bool"), False)

    search = searches(constraints={"vocabulary_mask": until_two, "banned_ids": [END]})[kind]
    result = search(loop, [], [6, 1], 4)
    check_result(result)
    assert texts(result) == [["AB"], ["A"]]
    assert numpy(result.finished).tolist() == [[False], [False]]
    nothing = searches(constraints={"banned_ids": [0, 1, 2, 3]})[kind](loop, [], [6], 4)
    check_result(nothing)
    assert numpy(nothing.lengths).tolist() == [[0]]


@each_search
def test_a_vocabulary_mask_reads_what_was_chosen(kind: int, loop: Any, texts: Any) -> None:
    """A grammar: B may only follow two A."""

    def grammar(token_ids: Any, length: Any) -> Any:
        two = ops.sum(ops.cast(token_ids == A, "int32"), axis=-1, keepdims=True) >= 2
        return ops.where(ops.arange(4) == B, two, True)

    result = searches(constraints={"vocabulary_mask": grammar})[kind](loop, [], [5], 4)
    text = texts(result)[0][0]
    assert "B" not in text or text.startswith("AA")


@each_search
def test_no_end_comes_before_the_minimum_length(
    kind: int, loop: Any, texts: Any, check_result: Any
) -> None:
    search = searches(constraints={"banned_ids": [A]})[kind]
    result = search(loop, [], [9] * 3, 4, min_lengths=[1, 2, 4])
    check_result(result)
    expected = "." if kind == 1 else "B."
    assert texts(result) == [[expected], ["B."], ["BBB."]]


@each_search
def test_outputs_begin_with_their_own_prefixes(
    kind: int, loop: Any, texts: Any, check_result: Any
) -> None:
    """Of different lengths, against bans and minimum length, and to their end."""
    search = searches(constraints={"banned_ids": [START]})[kind]
    result = search(
        loop,
        [],
        [3] * 4,
        4,
        prefix_ids=[[B, B, A], [B, A, A], [START, END, A], [A, B, A]],
        prefix_lengths=[2, 0, 2, 3],
        min_lengths=[3] * 4,
    )
    check_result(result)
    found = [row[0] for row in texts(result)]
    assert found[0].startswith("BB")
    assert found[1].startswith("A")
    assert found[2:] == ["S.", "ABA"]
    assert numpy(result.scores)[0, 0] <= math.log(0.1 * 0.01)


def test_a_forced_token_of_probability_zero_has_a_finite_score(
    labelled_step: Any, check_result: Any
) -> None:
    for search in searches():
        result = search(labelled_step, [], [3], 4, prefix_ids=[[START]], prefix_lengths=[1])
        check_result(result)
        assert numpy(result.token_ids)[0, 0, 0] == START
        assert numpy(result.scores)[0, 0] == pytest.approx(-1e6, rel=1e-5)


def test_a_prefix_may_have_no_columns(labelled_step: Any, texts: Any) -> None:
    for search in searches():
        prefix = {"prefix_ids": np.zeros((1, 0), "int32"), "prefix_lengths": [0]}
        assert texts(search(labelled_step, [], [1], 4, **prefix))[0][0] in ("A", "B")


@keras.saving.register_keras_serializable("tests")
def only_even(token_ids: Any, length: Any) -> Any:
    return ops.arange(4) % 2 == 0


@keras.saving.register_keras_serializable("tests")
class WordList:
    def __init__(self, words: list[int]) -> None:
        self.words = words

    def __call__(self, token_ids: Any, length: Any) -> Any:
        return ops.any(ops.arange(4)[:, None] == ops.convert_to_tensor(self.words), axis=-1)

    def get_config(self) -> Any:
        return {"words": self.words}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(**config)


@pytest.mark.parametrize("mask", [only_even, WordList([2])], ids=["function", "object"])
def test_a_registered_mask_is_saved_with_the_search(mask: Any, loop: Any, texts: Any) -> None:
    search = GreedySearch(constraints={"vocabulary_mask": mask}, start_id=START)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(search))
    assert again.get_config() == search.get_config()
    assert texts(again(loop, [], [2], 4)) == texts(search(loop, [], [2], 4)) == [["BB"]]


def unregistered(token_ids: Any, length: Any) -> Any:
    return ops.ones((4,), dtype="bool")


@pytest.mark.parametrize(
    ("mask", "name"),
    [(unregistered, "unregistered"), (lambda token_ids, length: True, "<lambda>")],
)
def test_an_unregistered_mask_searches_but_is_not_saved(mask: Any, name: str, loop: Any) -> None:
    search = GreedySearch(constraints={"vocabulary_mask": mask}, start_id=START)
    search(loop, [], [2], 4)
    message = (
        r"`vocabulary_mask` must be registered with Keras to be saved. Received: .*"
        + name
        + r". Put `@keras.saving.register_keras_serializable\(\"my_package\"\)` above"
    )
    with pytest.raises(ValueError, match=message):
        search.get_config()


class WithoutConfig:
    def __call__(self, token_ids: Any, length: Any) -> Any:
        return ops.ones((4,), dtype="bool")


def test_a_mask_is_not_saved_as_what_it_would_not_be_read_back_as() -> None:
    """An object without a config, and a function whose name another one is known by."""
    message = "`vocabulary_mask` must be registered .*Received: WithoutConfig. .*with `get_config`"
    known = {"WithoutConfig": WithoutConfig, "unregistered": only_even}
    with keras.saving.custom_object_scope(known):
        with pytest.raises(ValueError, match=message):
            Constraints(vocabulary_mask=WithoutConfig()).get_config()
        with pytest.raises(ValueError, match="Received: unregistered. Put"):
            Constraints(vocabulary_mask=unregistered).get_config()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"no_repeat_ngram_size": -1},
            ValueError,
            "`no_repeat_ngram_size` must be an integer of at least 0. Received: -1.",
        ),
        (
            {"repetition_penalty": 0},
            ValueError,
            "`repetition_penalty` must be a number above 0. Received: 0.",
        ),
        (
            {"banned_ids": [1, "2"]},
            TypeError,
            "`banned_ids` must be an integer of at least 0. Received: '2'.",
        ),
        (
            {"vocabulary_mask": 3},
            TypeError,
            r"`vocabulary_mask` must be a function of \(token_ids, length\) or None. Received: 3.",
        ),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Constraints(**arguments)
