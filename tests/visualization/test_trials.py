from typing import Any

import pytest

from kerasseq.visualization import plot_trials


def lines(figure: Any) -> dict[str, list[tuple[float, float]]]:
    return {
        line.get_label(): list(zip(*(map(float, axis) for axis in line.get_data()), strict=True))
        for line in figure.axes[0].lines
    }


def test_the_best_so_far_only_gets_better_and_goes_on_to_the_end() -> None:
    drawn = lines(plot_trials([10, 20, 30, 40], [1.0, 3.0, 2.0, None], "val_bleu"))
    assert drawn["trial"] == [(10, 1), (20, 3), (30, 2)]
    assert drawn["best: 3"] == [(10, 1), (20, 3), (30, 3), (40, 3)]
    assert drawn["failed"] == [(40, 0.02)]


def test_the_best_holds_from_the_trial_that_reached_it_on() -> None:
    (trials, best) = plot_trials([10, 20], [1.0, 3.0]).axes[0].lines
    assert (trials.get_drawstyle(), best.get_drawstyle()) == ("default", "steps-post")


def test_less_may_be_better() -> None:
    drawn = lines(plot_trials([10, 20], [1.0, 3.0], direction="min"))
    assert drawn["best: 1"] == [(10, 1), (20, 1), (20, 1)]


@pytest.mark.parametrize(("last", "unit"), [(90, "seconds"), (600, "minutes"), (9000, "hours")])
def test_the_axis_counts_in_a_unit_that_fits(last: float, unit: str) -> None:
    figure = plot_trials([1, last], [1.0, float("nan")])
    assert figure.axes[0].get_xlabel() == unit
    assert lines(figure)["failed"][0][0] in (90, 10, 2.5)


@pytest.mark.parametrize(
    ("last", "unit"), [(0, "seconds"), (119.9, "seconds"), (120, "minutes"), (7200, "hours")]
)
def test_a_unit_begins_with_two_of_it(last: float, unit: str) -> None:
    assert plot_trials([last], [1.0]).axes[0].get_xlabel() == unit


def test_when_all_failed_there_is_a_picture_too() -> None:
    assert set(lines(plot_trials([5], [None]))) == {"failed"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "one number a trial, and at least one. Received: 0 and 0"),
        (([1], [1.0, 2.0]), "Received: 1 and 2"),
        (([1], [1.0], "x", "up"), "`direction` must be one of 'max', 'min'. Received: 'up'"),
    ],
)
def test_a_mistake_is_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot_trials(*arguments)
