import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager

from kerasseq.visualization import plot_steps

SOURCE, TARGET = ["▁The", "▁cat", "."], ["▁Katten", "."]
WEIGHTS = np.array([[0.25, 0.75, 0.0], [0.0, 0.1, 0.9]])


def test_each_panel_is_a_target_token_and_each_bar_a_weight() -> None:
    figure = plot_steps(WEIGHTS, SOURCE, TARGET, title="Katten.")
    assert [axes.get_title() for axes in figure.axes] == TARGET
    for axes, weights in zip(figure.axes, WEIGHTS, strict=True):
        assert [bar.get_height() for bar in axes.patches] == weights.tolist()
        assert [label.get_text() for label in axes.get_xticklabels()] == SOURCE
        assert axes.get_ylim() == (0, 1)
    assert figure.get_suptitle() == "Katten."


def test_what_does_not_fit_is_an_error() -> None:
    message = re.escape("= (2, 3), a row for each target token. Received: (3, 2).")
    with pytest.raises(ValueError, match=message):
        plot_steps(WEIGHTS.T, SOURCE, TARGET)


@pytest.mark.usefixtures("bundled_fonts")
def test_boxes_in_place_of_letters_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"'日' \(CJK UNIFIED IDEOGRAPH-65E5\)"):
        plot_steps([[1.0]], ["日"], ["a"])


def test_a_dollar_is_a_token_and_not_a_formula() -> None:
    figure = plot_steps([[0.5, 0.5]], ["$", "a$b"], ["$x$"], title="$1 and $2")
    (axes,) = figure.axes
    texts = [*axes.get_xticklabels(), axes.title, figure._suptitle]
    assert [text.get_text() for text in texts] == ["$", "a$b", "$x$", "$1 and $2"]
    assert not any(text.get_parse_math() for text in texts)


@pytest.mark.usefixtures("bundled_fonts")
def test_each_text_is_drawn_with_a_font_that_has_it(make_font: Callable[[str, str], Path]) -> None:
    for family, character in (("Source", "日"), ("Target", "本"), ("Title", "語")):
        font_manager.fontManager.addfont(make_font(family, character))
    figure = plot_steps([[0.5, 0.5]], ["a", "日"], ["本"], title="語")
    (axes,) = figure.axes
    families = [text.get_fontfamily()[0] for text in (*axes.get_xticklabels(), axes.title)]
    assert families == ["DejaVu Sans", "Source", "Target"]
    assert figure._suptitle.get_fontfamily()[0] == "Title"


@pytest.mark.usefixtures("bundled_fonts")
@pytest.mark.parametrize(("title", "shown"), [("a\u3000b", "a b"), ("\x07", "U+0007")])
def test_a_title_needs_no_letters_that_cannot_be_seen(title: str, shown: str) -> None:
    assert plot_steps([[1.0]], ["a"], ["b"], title=title).get_suptitle() == shown


def test_a_long_source_has_broad_panels_and_a_long_title_several_lines() -> None:
    source, target = [f"token{place}" for place in range(60)], ["a", "b", "c", "d"]
    figure = plot_steps(np.full((4, 60), 1 / 60), source, target, title="word " * 60)
    assert {axes.get_position().x0 for axes in figure.axes} == {figure.axes[0].get_position().x0}
    assert figure.get_size_inches()[0] > 60 * 0.25  # a quarter of an inch a label
    assert figure.get_suptitle().count("\n") > 0
    short = plot_steps(np.full((4, 3), 1 / 3), source[:3], target, title="short")
    assert len({round(axes.get_position().x0, 3) for axes in short.axes}) == 3
