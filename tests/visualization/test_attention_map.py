import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import font_manager

from kerasseq.visualization import AttentionMap, plot_attention, plot_attentions

MakeFont = Callable[[str, str], Path]
SOURCE = ["▁The", "▁cat", "▁sleeps", "."]
TARGET = ["▁Katten", "▁sover", "."]
WEIGHTS = np.array([[0.25, 0.75, 0.0, 0.0], [0.0, 0.1, 0.9, 0.0], [0.0, 0.0, 0.0, 1.0]])


def labels(texts: Any) -> list[str]:
    return [text.get_text() for text in texts]


def boxes(figure: Any, texts: Any) -> list[Any]:
    return [text.get_window_extent(figure.canvas.get_renderer()) for text in texts]


def test_the_picture_is_the_weights_and_its_labels_are_the_tokens_in_order() -> None:
    figure = plot_attention(WEIGHTS, SOURCE, TARGET, title="The cat sleeps.")
    axes, bar = figure.axes
    np.testing.assert_array_equal(axes.images[0].get_array(), WEIGHTS)
    assert labels(axes.get_xticklabels()) == SOURCE
    assert labels(axes.get_yticklabels()) == TARGET
    assert axes.get_title() == "The cat sleeps."
    assert axes.images[0].get_clim() == (0, 1)
    assert bar.get_yticks().tolist() == [0.0, 0.5, 1.0]
    assert axes.yaxis_inverted()  # the first target token is on top


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_weights_may_have_any_precision(dtype: str) -> None:
    axes = plot_attention(WEIGHTS.astype(dtype).tolist(), SOURCE, TARGET).axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), WEIGHTS, atol=1e-3)


def test_what_cannot_be_seen_has_a_mark() -> None:
    axes = plot_attention([[0.5, 0.5]], [" ", "▁"], ["\n"]).axes[0]
    assert labels(axes.get_xticklabels()) == ["␣", "▁"]
    assert labels(axes.get_yticklabels()) == ["↵"]


def test_a_dollar_is_a_token_and_not_a_formula() -> None:
    figure = plot_attention(np.eye(2), ["$x^2$", "$"], ["a", "$\\frac$"], title="$1 and $2")
    axes = figure.axes[0]
    texts = [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.title]
    assert not any(text.get_parse_math() for text in texts)
    figure.canvas.draw()  # an open formula would raise


def test_several_hypotheses_stand_side_by_side() -> None:
    maps = [AttentionMap(WEIGHTS, SOURCE, TARGET, "1"), (WEIGHTS[:2], SOURCE, TARGET[:2])]
    figure = plot_attentions(maps)  # type: ignore[arg-type]
    first, second, _ = figure.axes
    np.testing.assert_array_equal(second.images[0].get_array(), WEIGHTS[:2])
    assert labels(second.get_yticklabels()) == TARGET[:2]
    assert (first.get_title(), second.get_title()) == ("1", "")
    # One scale: equal cells, tops in one line, no overlap.
    left, right = first.get_window_extent(), second.get_window_extent()
    assert left.height / 3 == pytest.approx(right.height / 2)
    assert left.y1 == pytest.approx(right.y1)
    renderer = figure.canvas.get_renderer()
    assert first.get_tightbbox(renderer).x1 < second.get_tightbbox(renderer).x0


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (40, 3), (100, 2)])
def test_labels_neither_overlap_nor_leave_the_picture(size: tuple[int, int]) -> None:
    rows, columns = size
    figure = plot_attention(
        np.zeros(size),
        [f"▁source{n}" for n in range(columns)],
        [f"▁target{n}" for n in range(rows)],
        title="A title that is much wider than the smallest of maps",
    )
    axes = figure.axes[0]
    target = boxes(figure, axes.get_yticklabels())
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in zip(target, target[1:], strict=False))
    # Slanted lines are as far apart as the letters are high.
    source = axes.get_xticklabels()
    pitch = axes.get_window_extent().width / columns * np.sin(np.pi / 4)
    assert source[0].get_fontsize() / 72 * figure.dpi <= pitch
    whole = figure.bbox
    for each in figure.axes:
        box = each.get_tightbbox(figure.canvas.get_renderer())
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= whole.x1 + 1
        assert box.y1 <= whole.y1 + 1


def test_the_picture_grows_with_the_tokens_up_to_a_limit() -> None:
    def width(count: int) -> float:
        tokens = ["x"] * count
        return float(plot_attention(np.zeros((1, count)), tokens, ["y"]).get_size_inches()[0])

    assert width(20) - width(10) == pytest.approx(10 * 0.36, abs=0.01)
    assert width(150) < 34


def test_short_labels_stand_upright_and_longer_ones_are_slanted() -> None:
    upright = plot_attention([[1.0]], ["AH"], ["a"]).axes[0]
    slanted = plot_attention([[1.0]], ["AH0"], ["a"]).axes[0]
    assert upright.get_xticklabels()[0].get_rotation() == 0
    assert slanted.get_xticklabels()[0].get_rotation() == 45


@pytest.mark.usefixtures("bundled_fonts")
def test_each_label_is_drawn_with_a_font_that_has_it(make_font: MakeFont) -> None:
    font_manager.fontManager.addfont(make_font("Han", "日本"))
    figure = plot_attention(np.eye(2), ["日本", "a"], ["b", "c"], title="日")
    axes = figure.axes[0]
    assert axes.get_xticklabels()[0].get_fontfamily() == ["Han", "DejaVu Sans"]
    assert axes.get_xticklabels()[1].get_fontfamily() == ["DejaVu Sans"]
    assert axes.title.get_fontfamily()[0] == "Han"
    figure.canvas.draw()  # a missing glyph would warn, and a warning is an error here


@pytest.mark.usefixtures("bundled_fonts")
def test_boxes_in_place_of_letters_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"'日' \(CJK UNIFIED IDEOGRAPH-65E5\).*fonts-noto-cjk"):
        plot_attention([[1.0]], ["日"], ["a"])
    with pytest.raises(ValueError, match=r"'क' \(DEVANAGARI LETTER KA\)"):
        plot_attention([[1.0]], ["a"], ["a"], title="क")


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            (WEIGHTS.T, SOURCE, TARGET),
            ValueError,
            "`attention_weights` must be (target_length, source_length) = (3, 4), "
            "a row for each target token. Received: (4, 3).",
        ),
        (
            (WEIGHTS * 2, SOURCE, TARGET),
            ValueError,
            "`attention_weights` must be from 0 to 1. Received: from 0.0 to 2.0.",
        ),
        (
            ([[-0.5, 0.5]], ["a", "b"], ["c"]),
            ValueError,
            "`attention_weights` must be from 0 to 1. Received: from -0.5 to 0.5.",
        ),
        (
            ([[float("nan")]], ["a"], ["b"]),
            ValueError,
            "`attention_weights` must be from 0 to 1. Received: from nan to nan.",
        ),
        (([[1.0]], "a", ["b"]), TypeError, "`source_tokens` must be a list of strings."),
        (([[1.0]], ["a"], [b"b"]), TypeError, "`target_tokens[0]` must be a string."),
        (([[]], [], ["b"]), ValueError, "`source_tokens` must be a list of at least one string."),
        (([[1.0]], ["a"], ["b"], 3), TypeError, "`title` must be a string. Received: 3."),
    ],
)
def test_messages(arguments: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        plot_attention(*arguments)


def test_messages_for_several() -> None:
    with pytest.raises(ValueError, match=r"`maps` must hold at least one map\. Received: \[\]\."):
        plot_attentions([])
    with pytest.raises(TypeError, match=r"`maps` must be a list of `AttentionMap`\."):
        plot_attentions(AttentionMap(WEIGHTS, SOURCE, TARGET))  # type: ignore[arg-type]


def test_weights_a_little_above_1_in_half_precision_are_drawn() -> None:
    plot_attention([[1.004]], ["a"], ["b"])


def test_matplotlib_loads_with_the_first_picture_and_pyplot_never() -> None:
    code = (
        "import sys, kerasseq.visualization as visualization\n"
        "assert not {'matplotlib', 'keras', 'tensorflow'} & set(sys.modules)\n"
        "figure = visualization.plot_attention([[1.0]], ['a'], ['b'])\n"
        "visualization.plot_history({'loss': [1.0]})\n"
        "assert 'matplotlib' in sys.modules\n"
        "assert not {'matplotlib.pyplot', 'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("bundled_fonts")
@pytest.mark.parametrize(("title", "shown"), [("a\u3000b", "a b"), ("\x07", "U+0007")])
def test_a_title_needs_no_letters_that_cannot_be_seen(title: str, shown: str) -> None:
    (axes,) = plot_attention([[1.0]], ["a"], ["b"], title=title).axes[:1]
    assert axes.get_title() == shown
