import re

import pytest

from kerasseq.typing import BeamNode
from kerasseq.visualization import plot_beam_tree
from kerasseq.visualization.beam_tree import BEST, FOLLOWED, GIVEN_UP, tree_rows

# a ─┬─ aa
#    └─ a.    the best
# b ─── b.    the second
NODES = [
    BeamNode(0, None, "a", -0.5, -0.5, False),
    BeamNode(0, None, "b", -1.0, -1.0, False),
    BeamNode(1, 0, "a", -3.0, -3.5, False),
    BeamNode(1, 0, "</s>", -0.25, -0.75, True, 0),
    BeamNode(1, 1, "</s>", -0.5, -1.5, True, 1),
]


def test_the_texts_are_the_tokens_and_scores_in_order() -> None:
    (axes,) = plot_beam_tree(NODES, title="x").axes
    shown = [text.get_text() for text in axes.texts]
    assert shown == ["start", "a\n-0.50", "b\n-1.00", "a\n-3.50", "</s>\n-0.75", "</s>\n-1.50"]
    assert axes.get_title() == "x"


def test_each_line_goes_from_a_parent_to_its_child_and_says_how_it_ended() -> None:
    (axes,) = plot_beam_tree(NODES).axes
    places = [text.get_position() for text in axes.texts]
    for node, line, place in zip(NODES, axes.lines, places[1:], strict=True):
        parent = places[0 if node.parent is None else node.parent + 1]
        assert list(zip(*line.get_data(), strict=True)) == [parent, place]
        assert place[0] == parent[0] + 1
    colors = [line.get_color() for line in axes.lines]
    assert colors == [BEST, FOLLOWED, GIVEN_UP, BEST, FOLLOWED]


def test_what_several_outputs_share_has_the_colour_of_the_best() -> None:
    ends = [BeamNode(1, 0, token, -0.5, -1.0, True, rank) for rank, token in enumerate("xy")]
    (axes,) = plot_beam_tree([NODES[0], *ends]).axes
    assert [line.get_color() for line in axes.lines] == [BEST, BEST, FOLLOWED]


def test_a_box_is_a_complete_output() -> None:
    (axes,) = plot_beam_tree(NODES).axes
    styles = [type(text.get_bbox_patch().get_boxstyle()).__name__ for text in axes.texts]
    assert styles == ["Round"] * 4 + ["Square"] * 2


@pytest.mark.parametrize(
    ("token", "shown"),
    [("x" * 12, "x" * 12), ("x" * 13, "x" * 11 + "…"), ("\x07\x08", "U+0007U+0008")]
    + [("\x07\x08\t", "U+0007U+000…")],
)
def test_a_long_token_is_cut_where_it_would_reach_the_next_column(token: str, shown: str) -> None:
    (axes,) = plot_beam_tree([NODES[0]._replace(token=token)]).axes
    assert axes.texts[1].get_text() == f"{shown}\n-0.50"


def test_leaves_stand_below_one_another_and_a_parent_amid_its_children() -> None:
    assert tree_rows(NODES) == [0.5, 2.0, 0.0, 1.0, 2.0]
    (axes,) = plot_beam_tree(NODES).axes
    assert axes.yaxis_inverted()  # row 0 is the highest


def test_a_long_chain_needs_no_deep_recursion() -> None:
    chain = [BeamNode(n, n - 1 if n else None, "a", -1.0, -n, False) for n in range(5000)]
    assert tree_rows(chain) == [0.0] * 5000


@pytest.mark.usefixtures("bundled_fonts")
def test_a_long_title_is_broken_into_lines_that_fit() -> None:
    figure = plot_beam_tree(NODES, title="How are you today? " * 8)
    figure.canvas.draw()
    extent = figure.axes[0].title.get_window_extent()
    assert figure.axes[0].get_title().count("\n") > 2
    assert extent.x0 >= 0
    assert extent.x1 <= figure.bbox.width
    assert extent.y1 <= figure.bbox.height


def test_messages() -> None:
    with pytest.raises(ValueError, match=r"`nodes` must hold at least one node\. Received: \[\]\."):
        plot_beam_tree([])
    message = re.escape("`nodes[0].parent` must stand before it. Received: 1.")
    with pytest.raises(ValueError, match=message):
        plot_beam_tree([NODES[2]._replace(parent=1), NODES[0]])


@pytest.mark.usefixtures("bundled_fonts")
def test_boxes_in_place_of_letters_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"'日' \(CJK UNIFIED IDEOGRAPH-65E5\)"):
        plot_beam_tree([NODES[0]._replace(token="日")])


@pytest.mark.usefixtures("bundled_fonts")
@pytest.mark.parametrize(("title", "shown"), [("a\u3000b", "a b"), ("\x07", "U+0007")])
def test_a_title_needs_no_letters_that_cannot_be_seen(title: str, shown: str) -> None:
    (axes,) = plot_beam_tree(NODES, title=title).axes
    assert axes.get_title() == shown
