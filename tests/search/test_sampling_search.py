import math
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import SamplingSearch, Search
from kerasseq.search.sampling_search import draw

PROBABILITIES = [0.2, 0.5, 0.3]


def numpy(tensor: Any) -> Any:
    return ops.convert_to_numpy(tensor)


@pytest.fixture
def three_way(table_step: Any) -> Any:
    """One step decides: tokens 0, 1 and 2, then the limit."""
    return table_step([PROBABILITIES])


def first_tokens(search: Search, step: Any, batch: int) -> Any:
    result = search(step, [], np.ones(batch, "int32"), 1)
    return numpy(result.token_ids)[:, :, 0].ravel()


def likelihood_of_chance(tokens: Any, probabilities: list[float]) -> Any:
    """The chi-squared test of three categories: with two degrees of freedom, exp(-x / 2)."""
    counts = np.bincount(tokens, minlength=3)
    expected = len(tokens) * np.array(probabilities)
    possible = expected > 0
    assert (counts[~possible] == 0).all()
    statistic = (((counts - expected) ** 2)[possible] / expected[possible]).sum()
    return math.exp(-statistic / 2)


@pytest.mark.parametrize(
    ("batch", "n_best"), [(1, 3000), (3000, 1), pytest.param(30, 100, marks=pytest.mark.backend)]
)
def test_frequencies_match_the_probabilities(batch: int, n_best: int, three_way: Any) -> None:
    tokens = first_tokens(SamplingSearch(n_best, seed=3, start_id=0), three_way, batch)
    assert likelihood_of_chance(tokens, PROBABILITIES) > 0.01


@pytest.mark.parametrize(
    ("options", "probabilities"),
    [
        ({"temperature": 0.5}, [0.04 / 0.38, 0.25 / 0.38, 0.09 / 0.38]),
        ({"top_k": 2}, [0, 5 / 8, 3 / 8]),
        ({"top_k": 9}, PROBABILITIES),
        ({"top_p": 0.7}, [0, 5 / 8, 3 / 8]),
        ({"top_p": 0.9}, PROBABILITIES),
        ({"top_p": 0.5}, [0, 1, 0]),
        ({"top_k": 2, "top_p": 0.6}, [0, 1, 0]),  # 5 / 8 of what top_k leaves
    ],
)
def test_filters_and_temperature_change_the_frequencies(
    options: Any, probabilities: list[float], three_way: Any
) -> None:
    search = SamplingSearch(3000, seed=5, start_id=0, **options)
    tokens = first_tokens(search, three_way, 1)
    assert likelihood_of_chance(tokens, probabilities) > 0.01


def test_scores_are_those_of_the_model_without_temperature_or_filter(three_way: Any) -> None:
    search = SamplingSearch(20, temperature=0.3, top_k=2, start_id=0)
    result = search(three_way, [], [1], 1)
    expected = np.log(np.array(PROBABILITIES))[numpy(result.token_ids)[0, :, 0]]
    np.testing.assert_allclose(numpy(result.scores)[0], expected, rtol=1e-6)


def test_positions_are_drawn_independently(table_step: Any) -> None:
    result = SamplingSearch(4000, seed=1, start_id=0)(table_step([[0.5, 0.5]] * 2), [], [4], 2)
    sixteenths = np.bincount(numpy(result.token_ids)[0] @ [1, 2, 4, 8], minlength=16)
    assert ((sixteenths - 250) ** 2 / 250).sum() < 30.6  # chi-squared, 15 degrees, 1 %


def test_the_same_seed_gives_the_same_text_and_another_another(
    tree_step: Any, check_result: Any
) -> None:
    def run(seed: int) -> Any:
        search = SamplingSearch(6, seed=seed, start_id=0)
        return search(tree_step, tree_step.state([5, 6]), [8, 8], 4)

    first, again, other = run(7), run(7), run(8)
    check_result(first)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(numpy(one), numpy(two))
    assert (numpy(first.token_ids) != numpy(other.token_ids)).any()


def test_a_draw_depends_on_seed_key_and_number_alone(tree_step: Any) -> None:
    """Not on the rows beside it, their limits, or how many draws there are."""
    many = SamplingSearch(5, seed=2, start_id=0)(
        tree_step, tree_step.state([5, 6, 7]), [4, 9, 6], 4
    )
    first = SamplingSearch(2, seed=2, start_id=0)(tree_step, tree_step.state([5]), [4], 4)
    np.testing.assert_array_equal(numpy(first.token_ids)[0], numpy(many.token_ids)[0, :2, :4])
    last = SamplingSearch(2, seed=2, start_id=0)(
        tree_step, tree_step.state([7]), [6], 4, row_keys=[2]
    )
    np.testing.assert_array_equal(numpy(last.token_ids)[0], numpy(many.token_ids)[2, :2, :6])


def test_rows_draw_independently_by_default_and_alike_under_one_key(three_way: Any) -> None:
    search = SamplingSearch(start_id=0)
    assert len(set(first_tokens(search, three_way, 30))) == 3
    alike = search(three_way, [], [1] * 30, 1, row_keys=[4] * 30)
    assert len(set(numpy(alike.token_ids).ravel())) == 1


def test_an_empty_batch_gives_an_empty_result(tree_step: Any) -> None:
    search = SamplingSearch(2, top_p=0.9, start_id=0)
    result = search(tree_step, tree_step.state([]), np.zeros(0, "int32"), 4)
    assert tuple(result.attention_weights.shape) == (0, 2, 1, 4)


@pytest.mark.parametrize(
    "options",
    [{}, {"top_k": 2}, {"top_p": 0.9}, {"temperature": 1e-9}, {"temperature": 1e30}],
)
def test_what_is_banned_is_never_drawn(options: Any, three_way: Any, check_result: Any) -> None:
    search = SamplingSearch(50, constraints={"banned_ids": [1]}, start_id=0, **options)
    tokens = first_tokens(search, three_way, 1)
    assert 1 not in tokens
    nothing = SamplingSearch(3, constraints={"banned_ids": [0, 1, 2]}, start_id=0, **options)
    result = nothing(three_way, [], [4], 1)
    assert numpy(result.lengths).tolist() == [[0, 0, 0]]
    check_result(result)


@pytest.mark.parametrize(
    "option", [{"temperature": 1e-50}, {"temperature": 1e-38}, {"top_p": 1e-50}]
)
def test_the_least_that_can_be_asked_for_is_the_likeliest_token(
    option: Any, three_way: Any
) -> None:
    likeliest = first_tokens(SamplingSearch(1, temperature=1e-9, start_id=0), three_way, 1)
    drawn = first_tokens(SamplingSearch(20, start_id=0, **option), three_way, 1)
    assert set(np.ravel(drawn)) == set(np.ravel(likeliest))


def test_a_number_falls_into_the_share_of_its_candidate() -> None:
    values = ops.log(ops.convert_to_tensor([[0.25, 0.0, 0.5, 0.25]] * 5))
    numbers = ops.convert_to_tensor([[0.0], [0.24], [0.25], [0.76], [1 - 2.0**-24]])
    assert numpy(draw(values, numbers)).ravel().tolist() == [0, 0, 2, 3, 3]


def test_the_highest_number_never_falls_behind_the_last_candidate() -> None:
    values = ops.log(ops.convert_to_tensor([[0.3] * 3 + [0.0] * 5]))
    assert numpy(draw(values, ops.convert_to_tensor([[1 - 2.0**-24]]))).tolist() == [[2]]


def test_a_config_makes_the_same_search() -> None:
    search = SamplingSearch(3, 0.7, 50, 0.9, 11, {"max_ratio": 3.0}, {"banned_ids": [1]})
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(search))
    assert isinstance(again, SamplingSearch)
    assert again.get_config() == search.get_config()
    assert (again.n_best, again.temperature, again.top_k) == (3, 0.7, 50)
    assert (again.top_p, again.seed) == (0.9, 11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_best": 0}, "`n_best` must be an integer of at least 1. Received: 0."),
        ({"temperature": 0.0}, "`temperature` must be a number above 0. Received: 0.0."),
        ({"top_k": 0}, "`top_k` must be an integer of at least 1. Received: 0."),
        ({"top_p": 1.5}, r"`top_p` must be a number in \[0, 1\]. Received: 1.5."),
        ({"top_p": 0}, "`top_p` must be a number above 0. Received: 0."),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SamplingSearch(**arguments)


def test_a_seed_is_an_integer() -> None:
    with pytest.raises(TypeError, match="`seed` must be an integer. Received: 'now'."):
        SamplingSearch(seed="now")  # type: ignore[arg-type]
