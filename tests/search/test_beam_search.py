import math
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch, GreedySearch, score_tokens

START, A, B, END = range(4)
PENALTIES = {
    "gnmt": lambda n: ((5 + n) / 6) ** 0.6,
    "gnmt 1": lambda n: (5 + n) / 6,
    "power": lambda n: n,
    "power 0.5": lambda n: n**0.5,
    "power -1": lambda n: 1 / n,
    "mean": lambda n: n,
    "none": lambda n: 1,
}
each_penalty = pytest.mark.parametrize("penalty", PENALTIES)


def penalty_config(penalty: str) -> Any:
    name, *alpha = penalty.split()
    return {"name": name, "alpha": float(alpha[0])} if alpha else name


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


def beam(num_beams: int, n_best: int = 1, length_penalty: Any = "none", **options: Any) -> Any:
    return BeamSearch(num_beams, n_best, length_penalty, start_id=START, **options)


def tokens_of(result: Any) -> Any:
    lengths = numpy(result.lengths)
    return [
        [tuple(ids[:n].tolist()) for ids, n in zip(rows, counts, strict=True)]
        for rows, counts in zip(numpy(result.token_ids), lengths, strict=True)
    ]


@each_penalty
def test_enough_beams_find_the_true_best(penalty: str, tree_step: Any, check_result: Any) -> None:
    sources, limits = [5, 6, 7], [4, 3, 2]
    search = beam(108, 5, penalty_config(penalty))
    result = search(tree_step, tree_step.state(sources), limits, 4)
    check_result(result)
    for row, (source, limit) in enumerate(zip(sources, limits, strict=True)):
        truth = tree_step.hypotheses(source, limit)
        truth.sort(key=lambda each: -each.score / PENALTIES[penalty](len(each.token_ids)))
        expected = truth[:5]
        count = len(expected)
        assert tokens_of(result)[row][:count] == [each.token_ids for each in expected]
        scores = [each.score for each in expected]
        np.testing.assert_allclose(numpy(result.scores)[row][:count], scores, atol=1e-5)
        assert numpy(result.finished)[row][:count].all()


def test_enough_beams_find_the_best_under_the_coverage_penalty(tree_step: Any) -> None:
    """Attention points at the token read: START, then each token but the end is covered once."""
    mask = np.array([[False, True, True, False]])
    search = beam(108, 5, "gnmt", coverage_penalty=0.3)
    result = search(tree_step, tree_step.state([5]), [4], 4, source_mask=mask)

    def ranking(each: Any) -> Any:
        unread = 2 - len({A, B} & set(each.token_ids))
        penalty = PENALTIES["gnmt"](len(each.token_ids))
        return each.score / penalty + 0.3 * unread * math.log(1e-6)

    expected = sorted(tree_step.hypotheses(5, 4), key=ranking, reverse=True)[:5]
    assert tokens_of(result)[0] == [each.token_ids for each in expected]
    scores = [each.score for each in expected]
    np.testing.assert_allclose(numpy(result.scores)[0], scores, atol=1e-5)


@each_penalty
def test_one_beam_is_greedy_search(penalty: str, tree_step: Any) -> None:
    sources = list(range(5, 25))
    limits = [1 + source % 7 for source in sources]
    one = beam(1, 1, penalty_config(penalty))(tree_step, tree_step.state(sources), limits, 4)
    greedy = GreedySearch(start_id=START)(tree_step, tree_step.state(sources), limits, 4)
    for ours, theirs in zip(one, greedy, strict=True):
        np.testing.assert_allclose(numpy(ours), numpy(theirs), rtol=1e-6)


def test_one_beam_is_greedy_search_among_equals(table_step: Any, texts: Any) -> None:
    step = table_step([[0.0, 0.3, 0.3, 0.3], [0.0, 0.0, 0.5, 0.5], [0.0, 0.4, 0.2, 0.4]] * 2)
    assert texts(beam(1, 1, "mean")(step, [], [6], 6)) == [["ABABAB"]]
    assert texts(GreedySearch(start_id=START)(step, [], [6], 6)) == [["ABABAB"]]


def test_more_beams_find_what_greedy_misses(table_step: Any, texts: Any) -> None:
    step = table_step([[0, 0.6, 0.4, 0], [0, 0.5, 0.2, 0.3], [0, 0, 0.1, 0.9], [np.nan] * 4])
    assert texts(beam(1)(step, [], [3], 4)) == [["AAA"]]
    assert texts(beam(2, 2)(step, [], [3], 4)) == [["B.", "AB."]]  # 0.36 and 0.108


def test_once_the_width_covers_the_space_more_beams_change_nothing(tree_step: Any) -> None:
    best = {
        width: numpy(beam(width)(tree_step, tree_step.state([5, 6, 9]), [4] * 3, 4).scores)[:, 0]
        for width in (36, 60, 108)
    }
    truth = [tree_step.hypotheses(source, 4)[0].score for source in (5, 6, 9)]
    for scores in best.values():
        np.testing.assert_allclose(scores, truth, atol=1e-5)
    for width in (1, 2, 3):
        result = beam(width)(tree_step, tree_step.state([5, 6, 9]), [4] * 3, 4)
        found = np.where(numpy(result.finished), numpy(result.scores), -np.inf)[:, 0]
        assert (found <= best[36] + 1e-5).all()


def test_there_may_be_more_beams_than_tokens(
    labelled_step: Any, texts: Any, check_result: Any
) -> None:
    result = beam(9, 9)(labelled_step, [], [3], 4)
    assert texts(result)[0][:5] == ["AB.", "B.", "A.", "BB.", "AA."]
    # What is left was cut off at the limit, then nothing.
    assert texts(result)[0][5:] == ["ABB", "AAB", "AAA", "BBB"]
    assert numpy(result.finished)[0].tolist() == [True] * 5 + [False] * 4
    check_result(result)


def test_an_absent_hypothesis_is_empty_and_has_the_lowest_score(
    table_step: Any, check_result: Any
) -> None:
    result = beam(3, 3)(table_step([[0, 0, 0, 1]] * 4), [], [5], 4)
    assert numpy(result.lengths).tolist() == [[1, 0, 0]]
    assert numpy(result.scores)[0].tolist() == [0.0, np.float32(-1e30), np.float32(-1e30)]
    assert numpy(result.finished).tolist() == [[True, False, False]]
    check_result(result)


@pytest.mark.backend
def test_a_score_is_that_of_forced_decoding_and_belongs_to_its_own_beam(
    tree_step: Any, check_result: Any
) -> None:
    sources = list(range(5, 13))
    result = beam(4, 4, "gnmt")(tree_step, tree_step.state(sources), [7] * 8, 4)
    check_result(result)
    forced = score_tokens(
        tree_step, tree_step.state(sources), result.token_ids, result.lengths, 4, start_id=START
    )
    np.testing.assert_allclose(numpy(forced.scores), numpy(result.scores), rtol=1e-5)
    np.testing.assert_allclose(
        numpy(forced.token_log_probabilities), numpy(result.token_log_probabilities), atol=1e-6
    )
    np.testing.assert_array_equal(numpy(forced.attention_weights), numpy(result.attention_weights))


def test_a_row_does_not_depend_on_its_batch(tree_step: Any) -> None:
    """Alone, in another order, beside rows with longer limits: the same numbers."""
    sources, limits = [5, 6, 7, 11, 13], [3, 9, 1, 6, 4]
    search = beam(3, 2, "gnmt", coverage_penalty=0.1, constraints={"no_repeat_ngram_size": 2})
    together = search(tree_step, tree_step.state(sources), limits, 4)
    order = [3, 1, 0, 4, 2]
    shuffled = search(
        tree_step, tree_step.state([sources[i] for i in order]), [limits[i] for i in order], 4
    )
    for many, moved in zip(together, shuffled, strict=True):
        np.testing.assert_allclose(numpy(many)[order], numpy(moved), rtol=1e-6)
    for row, (source, limit) in enumerate(zip(sources, limits, strict=True)):
        alone = search(tree_step, tree_step.state([source]), [limit], 4)
        for one, many in zip(alone, together, strict=True):
            one, many = numpy(one)[0], numpy(many)[row]
            many = many[:, :limit] if one.ndim > 1 else many
            np.testing.assert_allclose(one, many, rtol=1e-6)


def long_beats_short(table_step: Any) -> Any:
    """An end at once is likelier, but a longer output wins by its mean: 0.6 < 0.4 ** (1 / 3)."""
    return table_step([[0, 0.4, 0, 0.6], [0, 0, 1, 0], [0, 0, 0, 1], [np.nan] * 4])


def test_the_search_goes_on_while_a_live_beam_can_win(table_step: Any, texts: Any) -> None:
    assert texts(beam(2, 1, "mean")(long_beats_short(table_step), [], [4], 4)) == [["AB."]]
    assert texts(beam(2, 1, "none")(long_beats_short(table_step), [], [4], 4)) == [["."]]


def test_the_search_stops_when_no_live_beam_can_win(table_step: Any) -> None:
    step = long_beats_short(table_step)
    beam(2, 1, "none")(step, [], [50], 4)
    assert step.calls == 1  # 0.4 can only fall
    step = long_beats_short(table_step)
    # log(0.4) over the penalty at the limit of 2 is -0.92 / 2: it could win; of 1, it is cut off.
    beam(2, 1, "mean")(step, [], [2], 4)
    assert step.calls == 2
    step = table_step([[0, 0.1, 0, 0.9], [0, 1, 0, 0], [0, 0, 0, 1], [np.nan] * 4])
    beam(2, 1, "mean")(step, [], [21], 4)
    assert step.calls == 1  # log(0.1) / 21 is below log(0.9)
    beam(2, 1, "mean")(step, [], [22], 4)
    assert step.calls == 1 + 22  # log(0.1) / 22 is above: only the limit ends this one


def test_all_n_best_are_final_before_the_search_stops(table_step: Any, texts: Any) -> None:
    step = long_beats_short(table_step)
    assert texts(beam(2, 2, "none")(step, [], [50], 4)) == [[".", "AB."]]
    assert step.calls == 3


def test_each_source_stops_at_its_own_limit(labelled_step: Any, texts: Any) -> None:
    result = beam(2, 2)(labelled_step, [], [2, 5, 1], 4)
    assert texts(result) == [["B.", "AB"], ["AB.", "B."], ["A", "B"]]
    assert numpy(result.finished).tolist() == [[True, False], [True, True], [False, False]]
    assert labelled_step.rows == [6] * labelled_step.calls


def test_complete_hypotheses_go_before_those_that_were_cut_off(table_step: Any, texts: Any) -> None:
    step = table_step([[0, 0.9, 0, 0.1], [0, 0.9, 0, 0.1], [0, 0, 0, 1], [np.nan] * 4])
    result = beam(3, 3)(step, [], [2], 4)
    assert texts(result) == [[".", "A.", "AA"]]
    assert numpy(result.finished).tolist() == [[True, True, False]]


def test_an_empty_batch_gives_an_empty_result(tree_step: Any) -> None:
    result = beam(3, 2)(tree_step, tree_step.state([]), np.zeros(0, "int32"), 4)
    shapes = [tuple(tensor.shape) for tensor in result]
    assert shapes == [(0, 2, 1), (0, 2), (0, 2), (0, 2), (0, 2, 1), (0, 2, 1, 4)]


def test_a_limit_of_nothing_makes_absent_hypotheses(labelled_step: Any, check_result: Any) -> None:
    for penalty in ("gnmt", "power", {"name": "power", "alpha": -1.0}):
        result = beam(2, 2, penalty)(labelled_step, [], [0, 3], 4)
        assert numpy(result.lengths).tolist()[0] == [0, 0]
        check_result(result)


def test_a_config_makes_the_same_search() -> None:
    search = BeamSearch(4, 2, "mean", 0.2, {"min_length": 2}, {"repetition_penalty": 1.5})
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(search))
    assert isinstance(again, BeamSearch)
    assert again.get_config() == search.get_config()
    assert (again.num_beams, again.n_best, again.coverage_penalty) == (4, 2, 0.2)
    assert type(again.divisor).__name__ == "MeanLengthPenalty"
    assert again.output_rule.repetition_penalty == 1.5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_beams": 0}, ValueError, "`num_beams` must be an integer of at least 1.*: 0"),
        ({"n_best": 2.0}, TypeError, "`n_best` must be an integer of at least 1.*: 2.0"),
        (
            {"num_beams": 2, "n_best": 3},
            ValueError,
            "`n_best` must be at most `num_beams`. Received: 3, num_beams 2.",
        ),
        (
            {"coverage_penalty": -1},
            ValueError,
            "`coverage_penalty` must be a finite number of at least 0. Received: -1.",
        ),
        (
            {"length_penalty": "long"},
            ValueError,
            "`length_penalty` must be one of 'gnmt', 'mean', 'none', 'power'.* Received: 'long'",
        ),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        BeamSearch(**arguments)


def test_a_forced_token_of_no_probability_leaves_the_order_of_what_follows(
    table_step: Any,
) -> None:
    """A hundredth beside a million is less than float32 can hold."""
    found = []
    for likely in (0.0, 0.2):  # how likely the forced token is
        rows = [[1 - likely, likely, 0, 0], [0, 0, 0.495, 0.505], [0.25] * 4, [0.25] * 4]
        result = beam(4, n_best=2)(
            table_step(rows), [], [2], 4, prefix_ids=[[1]], prefix_lengths=[1]
        )
        found.append(tokens_of(result))
        assert numpy(result.token_log_probabilities)[0, 0, 0] == pytest.approx(
            math.log(likely) if likely else -1e6
        )
    assert found[0] == found[1] == [[(1, 3), (1, 2)]]
