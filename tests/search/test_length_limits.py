from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.search import BeamSearch, LengthLimits


def numbers(limits: Any) -> Any:
    return [None if each is None else ops.convert_to_numpy(each).tolist() for each in limits]


def test_the_default_is_twice_the_source_and_ten_and_demands_nothing() -> None:
    assert numbers(LengthLimits()(np.array([0, 1, 20, 900]))) == [None, [10, 12, 50, 256]]


@pytest.mark.parametrize(
    ("rule", "minima", "maxima"),
    [
        ({"min_length": 3, "max_length": 5, "max_ratio": None}, [3, 3, 3], [5, 5, 5]),
        ({"min_ratio": 0.5, "max_ratio": 1.5, "margin": 0}, [1, 2, 5], [3, 4, 15]),
        ({"min_length": 4, "min_ratio": 0.5, "margin": 1}, [4, 4, 5], [5, 7, 21]),
        # The maximum wins, and nothing is shorter than its end.
        ({"min_length": 9, "max_ratio": 1.0, "margin": 0}, [2, 3, 9], [2, 3, 10]),
        ({"min_length": 2, "max_ratio": 0.1, "margin": 0}, [1, 1, 1], [1, 1, 1]),
        # 1.1 * 10 and 0.7 * 10 are 11 and 7, whatever float32 says.
        ({"min_ratio": 0.7, "max_ratio": 1.1, "margin": 0}, [2, 3, 7], [2, 3, 11]),
    ],
)
def test_limits_follow_the_rule(rule: dict[str, Any], minima: list[int], maxima: list[int]) -> None:
    assert numbers(LengthLimits(**rule)(np.array([2, 3, 10]))) == [minima, maxima]


def test_a_search_offers_the_limits_of_its_rule() -> None:
    search = BeamSearch(length_limits={"min_ratio": 1.0, "max_ratio": 1.0, "margin": 3})
    assert numbers(search.limits(np.array([4]))) == [[4], [7]]


def test_a_config_makes_the_same_rule() -> None:
    rule = LengthLimits(2, None, 0.1, 3.0, 4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rule))
    assert again.get_config() == rule.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_length": 0}, "`min_length` must be an integer of at least 1. Received: 0."),
        (
            {"min_length": 5, "max_length": 4},
            "`min_length` must be at most `max_length`. Received: 5 and 4.",
        ),
        ({"min_ratio": -1}, "`min_ratio` must be a finite number of at least 0. Received: -1."),
        (
            {"min_ratio": 0.5, "max_ratio": 0.4},
            "`min_ratio` must be at most `max_ratio`. Received: 0.5 and 0.4.",
        ),
        ({"margin": -1}, "`margin` must be an integer of at least 0. Received: -1."),
        (
            {"max_length": None, "max_ratio": None},
            "One of `max_length` and `max_ratio` must bound the output. Received: both None.",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LengthLimits(**arguments)
