import pytest

from kerasseq.visualization import plot_lengths
from kerasseq.visualization.lengths import length_groups

LENGTHS = [9, 3, 4, 9, 3, 12]
SCORES = [-9.0, -1.0, -2.0, -7.0, -3.0, -20.0]


def test_groups_are_of_about_equal_size_and_keep_equal_lengths_together() -> None:
    assert length_groups(LENGTHS, 3) == [[1, 4], [2, 0, 3], [5]]
    assert length_groups(LENGTHS, 1) == [[1, 4, 2, 0, 3, 5]]
    assert length_groups([5, 5, 5], 3) == [[0, 1, 2]]


def test_each_sentence_is_a_point_and_each_group_a_mean() -> None:
    axes = plot_lengths(LENGTHS, SCORES, num_groups=3).axes[0]
    points = axes.collections[0].get_offsets().tolist()
    assert points == [list(pair) for pair in zip(LENGTHS, SCORES, strict=True)]
    x, y = axes.lines[0].get_data()
    assert list(x) == pytest.approx([3, 22 / 3, 12])
    assert list(y) == pytest.approx([-2, -6, -20])


def test_each_group_is_a_bar_of_its_measure() -> None:
    figure = plot_lengths(LENGTHS, SCORES, {"BLEU": lambda places: 10.0 * len(places)}, 3)
    axes = figure.axes[1]
    assert [bar.get_height() for bar in axes.patches] == [20, 30, 10]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", "4–9", "12"]
    assert axes.get_ylabel() == "BLEU"


@pytest.mark.parametrize(
    ("measure", "lowest", "highest"), [(0.0, 0.0, 1.0), (4.0, 0.0, 4.6), (-4.0, -4.2, 0.0)]
)
def test_all_of_a_bar_is_seen_from_zero_on(measure: float, lowest: float, highest: float) -> None:
    axes = plot_lengths([3, 4], [-1.0, -2.0], {"gain": lambda places: measure}, 2).axes[1]
    assert axes.get_ylim() == pytest.approx((lowest, highest))


def test_messages() -> None:
    with pytest.raises(ValueError, match="Received: 1 lengths, 0 scores"):
        plot_lengths([3], [])
    with pytest.raises(ValueError, match="`num_groups` must be .*Received: 0"):
        plot_lengths([3], [-1.0], num_groups=0)
