"""Bars are as high as their numbers, labels are the tokens in order, and nothing is cut."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from kerasseq.typing import Trace
from kerasseq.visualization import Frame, animation_frames
from kerasseq.visualization.shapes import BLUE, EDGE, INK, LEVELS, Box, Line, Strip, Text
from kerasseq.visualization.stage import BAR, LEFT, Stage

MakeTrace = Callable[..., Trace]


def shapes_of(trace: Trace, phase: str, step: int = 0) -> tuple[Stage, Frame, list[object]]:
    frame = [each for each in animation_frames(trace) if each.phase == phase][step]
    stage = Stage(trace)
    return stage, frame, list(stage.shapes(frame))


def bars(shapes: list[object], kind: str) -> list[Box]:
    return [each for each in shapes if isinstance(each, Box) and each.hint.startswith(kind)]


def texts(shapes: list[object], y: float) -> list[str]:
    row = [each for each in shapes if isinstance(each, Text) and each.y == y]
    return [each.text for each in sorted(row, key=lambda each: each.x)]


def test_the_tokens_stand_in_their_order(make_trace: MakeTrace) -> None:
    stage, _, shapes = shapes_of(make_trace(), "word", 1)
    assert texts(shapes, 47.0)[:4] == ["source", "▁a", "▁b", "</s>"]
    assert texts(shapes, stage.target_top + 13) == ["target", "▁x", "</s>"]
    _, _, earlier = shapes_of(make_trace(), "context", 1)
    assert texts(earlier, stage.target_top + 13) == ["target", "▁x"]


def test_bars_of_weights_are_as_high_as_the_weights(make_trace: MakeTrace) -> None:
    trace = make_trace()
    stage, frame, shapes = shapes_of(trace, "weights")
    found = bars(shapes, "weight ")
    assert frame.attention_weights is not None
    heights = [bar.height / BAR for bar in found]
    np.testing.assert_allclose(heights, frame.attention_weights[0])
    assert [bar.hint for bar in found] == ["weight 0.250", "weight 0.750", "weight 0.000"]
    assert all(bar.y + bar.height == pytest.approx(stage.weight_zero) for bar in found)


def test_bars_of_scores_go_up_and_down_from_zero(make_trace: MakeTrace) -> None:
    stage, frame, shapes = shapes_of(make_trace(), "scores")
    found = bars(shapes, "score ")
    np.testing.assert_allclose([bar.height for bar in found], BAR / 2 * np.array([0.5, 1, 1]))
    assert found[1].y + found[1].height == pytest.approx(stage.score_zero)
    assert found[2].y == pytest.approx(stage.score_zero)


def test_heads_stand_side_by_side(make_trace: MakeTrace) -> None:
    two = np.array([[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]] * 2)
    trace = make_trace(scores=two, attention_weights=two)
    _, _, shapes = shapes_of(trace, "weights")
    found = bars(shapes, "weight ")
    hints = [bar.hint for bar in found]
    assert hints[0] == "weight 0.500, head 1"
    assert hints[5] == "weight 1.000, head 2"
    first, second = found[0], found[3]
    assert first.x + first.width == pytest.approx(second.x)
    assert second.x == pytest.approx(Stage(trace)._middle(0))  # both below their token
    assert first.fill != second.fill


def test_what_was_not_read_is_pale(make_trace: MakeTrace) -> None:
    _, _, shapes = shapes_of(make_trace(), "read", 1)
    colors = [each.color for each in shapes if isinstance(each, Text) and each.y == 47.0]
    assert colors[1:4] == [INK, INK, EDGE]


def test_positions_of_a_pyramid_stand_below_the_tokens_that_they_are_made_of(
    make_trace: MakeTrace,
) -> None:
    weights = np.full((2, 1, 2), 0.5)
    trace = make_trace(memories=np.ones((3, 2, 4)), scores=weights, attention_weights=weights)
    stage, _, shapes = shapes_of(trace, "weights")
    strips = [each for each in shapes if isinstance(each, Strip)]
    across = 3 * stage.column
    for strip, bar, share in zip(strips, bars(shapes, "weight "), (0.25, 0.75), strict=False):
        middle = LEFT + share * across
        assert strip.x + strip.width / 2 == pytest.approx(middle)
        assert bar.x + bar.width / 2 == pytest.approx(middle)


def test_memory_and_context_have_one_scale(make_trace: MakeTrace) -> None:
    trace = make_trace(contexts=np.array([[4.0, -1.0], [0.0, 0.0]]))
    _, _, shapes = shapes_of(trace, "context")
    strips = [each for each in shapes if isinstance(each, Strip)]
    assert strips[4].levels == (LEVELS, -LEVELS // 4)
    assert strips[0].levels[:2] == (LEVELS // 4, -LEVELS // 4)  # 1 and -1


def test_strips_are_the_memory_the_state_and_the_context(make_trace: MakeTrace) -> None:
    trace = make_trace()
    _, _, shapes = shapes_of(trace, "context")
    strips = [each for each in shapes if isinstance(each, Strip)]
    for position, strip in enumerate(strips[:3]):
        expected = np.rint(LEVELS * trace.memories[-1, position])  # the largest number is 1
        assert list(strip.levels) == expected.tolist()
    assert list(strips[3].levels) == np.rint(LEVELS * trace.states[0]).tolist()
    assert list(strips[4].levels) == np.rint(LEVELS * trace.contexts[0]).tolist()


def test_lines_to_the_context_are_as_thick_as_the_weights(make_trace: MakeTrace) -> None:
    _, _, shapes = shapes_of(make_trace(), "context")
    down = [each for each in shapes if isinstance(each, Line) and each.color == BLUE]
    widths = [line.width for line in down if line.x == line.to_x][:-1]
    assert widths == pytest.approx([1 + 7 * 0.25, 1 + 7 * 0.75])


def test_lines_of_several_heads_are_as_thick_as_their_mean(make_trace: MakeTrace) -> None:
    two = np.array([[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]] * 2)
    _, _, shapes = shapes_of(make_trace(scores=two, attention_weights=two), "context")
    down = [each for each in shapes if isinstance(each, Line) and each.color == BLUE]
    widths = [line.width for line in down if line.x == line.to_x][:-1]
    assert widths == pytest.approx([1 + 7 * 0.25, 1 + 7 * 0.25, 1 + 7 * 0.5])


def test_a_word_that_cannot_be_seen_is_marked_too(make_trace: MakeTrace) -> None:
    candidates = [[("a", 0.5), (" ", 0.25)], [("</s>", 1.0)]]
    trace = make_trace(target_tokens=[" ", "</s>"], candidates=candidates)
    _, _, shapes = shapes_of(trace, "word")
    assert [bar.fill == BLUE for bar in bars(shapes, "probability ")] == [False, True]


def test_the_word_that_came_out_is_marked_among_the_likeliest(make_trace: MakeTrace) -> None:
    _, _, shapes = shapes_of(make_trace(), "word", 1)
    found = bars(shapes, "probability ")
    assert [bar.hint for bar in found] == ["probability 0.500", "probability 0.250"]
    assert found[0].width == pytest.approx(2 * found[1].width)
    assert [bar.fill == BLUE for bar in found] == [False, True]


@pytest.mark.parametrize("length", [1, 12, 90])
def test_nothing_leaves_the_stage_and_tokens_do_not_overlap(
    length: int, make_trace: MakeTrace
) -> None:
    tokens = [f"▁source{place}" for place in range(length)]
    weights = np.full((length, 1, length), 1 / length)
    trace = make_trace(
        source_tokens=tokens,
        target_tokens=tokens,
        memories=np.ones((length, length, 40)),
        handed_on=np.ones((length, 3)),
        states=np.ones((length, 3)),
        scores=weights,
        attention_weights=weights,
        contexts=np.ones((length, 40)),
        token_scores=np.zeros(length),
        candidates=[[("▁source", 1.0)]] * length,
    )
    stage, _, shapes = shapes_of(trace, "word", length - 1)
    for shape in shapes:
        if isinstance(shape, Box | Strip):
            assert shape.x >= 0
            assert shape.x + shape.width <= stage.width
            assert shape.y + shape.height <= stage.height
    boxes = [each for each in shapes if isinstance(each, Box) and each.hint in tokens]
    assert len(boxes) == 2 * length
    for left, right in pairwise(boxes[:length]):
        assert left.x + left.width <= right.x
    widest = max(len(each.levels) for each in shapes if isinstance(each, Strip))
    assert widest == 16


def test_a_target_longer_than_its_source_stays_on_the_stage(make_trace: MakeTrace) -> None:
    words = [f"▁target{place}" for place in range(30)]
    trace = make_trace(
        target_tokens=words,
        states=np.ones((30, 2)),
        scores=np.ones((30, 1, 3)),
        attention_weights=np.full((30, 1, 3), 1 / 3),
        contexts=np.ones((30, 4)),
        token_scores=np.zeros(30),
        candidates=[[(word, 1.0)] for word in words],
    )
    stage, _, shapes = shapes_of(trace, "word", 29)
    boxes = [each for each in shapes if isinstance(each, Box) and each.hint in words]
    assert [box.hint for box in boxes] == words
    assert all(left.x + left.width <= right.x for left, right in pairwise(boxes))
    assert boxes[-1].x + boxes[-1].width <= stage.width


def test_without_attention_there_is_no_room_for_it(make_trace: MakeTrace) -> None:
    nothing = np.zeros((2, 0, 3))
    trace = make_trace(scores=nothing, attention_weights=nothing, contexts=np.zeros((2, 0)))
    stage, _, shapes = shapes_of(trace, "word")
    labels = {each.text for each in shapes if isinstance(each, Text)}
    assert {"source", "memory", "target"} <= labels
    assert not {"scores", "weights", "context"} & labels
    assert stage.height < Stage(make_trace()).height
