import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kerasseq.typing import Trace
from kerasseq.visualization import animation_frames, save_animation

MakeTrace = Callable[..., Trace]


def count_of(image: Any) -> int:
    return int(image.n_frames)  # which only some of Pillow's classes have


def test_a_gif_has_a_picture_for_each_frame_and_repeats(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    trace = make_trace(target_tokens=["▁x"], states=make_trace().states[:1])
    trace = trace._replace(
        scores=trace.scores[:1],
        attention_weights=trace.attention_weights[:1],
        contexts=trace.contexts[:1],
        token_scores=trace.token_scores[:1],
        candidates=trace.candidates[:1],
    )
    path = save_animation(trace, tmp_path / "new" / "animation.gif", seconds=0.5)
    frames = animation_frames(trace)
    with Image.open(path) as image:
        assert count_of(image) == len(frames) == 9
        assert image.info["loop"] == 0
        durations = []
        for place in range(count_of(image)):
            image.seek(place)
            durations.append(image.info["duration"])
        assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    assert durations == [400, 400, 400, 800, 500, 500, 500, 500, 1500]
    assert [each.name for each in path.parent.iterdir()] == ["animation.gif"]


def test_an_ending_that_is_neither_is_an_error(make_trace: MakeTrace, tmp_path: Path) -> None:
    message = re.escape("`path's suffix` must be one of '.gif', '.html'. Received: '.mp4'.")
    with pytest.raises(ValueError, match=message):
        save_animation(make_trace(), tmp_path / "animation.mp4")
    with pytest.raises(ValueError, match="`seconds` must be .*Received: 0"):
        save_animation(make_trace(), tmp_path / "animation.gif", seconds=0)
    with pytest.raises(ValueError, match="at most 655 seconds. Received: one that stays 900"):
        save_animation(make_trace(), tmp_path / "animation.gif", seconds=300)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("bundled_fonts")
def test_boxes_in_place_of_letters_are_an_error(make_trace: MakeTrace, tmp_path: Path) -> None:
    trace = make_trace(source_tokens=["日", "▁b", "</s>"])
    with pytest.raises(ValueError, match=r"'日' \(CJK UNIFIED IDEOGRAPH-65E5\).*fonts-noto-cjk"):
        save_animation(trace, tmp_path / "animation.gif")
    assert list(tmp_path.iterdir()) == []
    page = save_animation(trace, tmp_path / "animation.html")  # drawn with its reader's fonts
    assert "<title>x</title>" in page.read_text(encoding="utf-8")  # the output
