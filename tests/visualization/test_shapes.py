import numpy as np
import pytest

from kerasseq.visualization.shapes import (
    LEVELS,
    SMALLEST,
    fitted,
    level_color,
    levels,
    sample,
    text_width,
)


def test_levels_go_with_the_numbers_and_are_cut_at_the_scale() -> None:
    assert levels(np.array([-2.0, -0.5, 0.0, 0.5, 9.0]), 2.0) == (-LEVELS, -10, 0, 10, LEVELS)
    assert levels(np.zeros(2), 0.0) == (0, 0)


def test_zero_is_white_and_the_ends_are_orange_and_blue() -> None:
    assert level_color(0) == (1.0, 1.0, 1.0)
    assert level_color(LEVELS) == pytest.approx((0x1F / 255, 0x5F / 255, 0xA8 / 255))
    assert level_color(-LEVELS) == pytest.approx((0xD9 / 255, 0x77 / 255, 0x2B / 255))


def test_the_same_places_of_each_vector_are_shown() -> None:
    numbers = np.arange(100.0)
    shown = sample(numbers, 16)
    assert len(shown) == 16
    assert (shown[0], shown[-1]) == (0, 99)
    np.testing.assert_array_equal(sample(2 * numbers, 16), 2 * shown)
    np.testing.assert_array_equal(sample(np.arange(3), 16), [0, 1, 2])


def test_a_long_label_gets_smaller_then_shorter() -> None:
    assert fitted("short", 100, 13) == ("short", 13)
    text, size = fitted("rather long", 60, 13)
    assert (text, SMALLEST < size < 13) == ("rather long", True)
    text, size = fitted("far too long for a narrow place", 40, 13)
    assert size == SMALLEST
    assert text.endswith("…")
    assert text_width(text, size) <= 40


def test_wide_letters_count_more_and_combining_marks_nothing() -> None:
    assert text_width("日本", 10) > text_width("ab", 10)
    assert text_width("é", 10) == text_width("e\u0301", 10)
