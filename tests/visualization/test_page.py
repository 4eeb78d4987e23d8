import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from kerasseq.typing import Trace
from kerasseq.visualization import animation_frames
from kerasseq.visualization.page import ZERO, page
from kerasseq.visualization.shapes import Strip
from kerasseq.visualization.stage import Stage

MakeTrace = Callable[..., Trace]
SECONDS = 0.125


def make_page(trace: Trace) -> str:
    frames = animation_frames(trace)
    return page(trace.text, Stage(trace), frames, [SECONDS] * len(frames))


def data_of(text: str) -> Any:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    assert "<" not in found[1]  # "<!--<script>" would hide the end of it
    return json.loads(found[1])


def test_the_page_holds_the_shapes_of_every_frame(make_trace: MakeTrace) -> None:
    trace = make_trace()
    frames, stage = animation_frames(trace), Stage(trace)
    data = data_of(make_page(trace))
    assert [each["phase"] for each in data["frames"]] == [frame.phase for frame in frames]
    assert [each["caption"] for each in data["frames"]] == [frame.caption for frame in frames]
    assert {each["seconds"] for each in data["frames"]} == {SECONDS}
    for frame, written in zip(frames, data["frames"], strict=True):
        shapes = stage.shapes(frame)[:-1]  # the caption is text of the page
        assert len(written["shapes"]) == len(shapes)
        for shape, (kind, *fields) in zip(shapes, written["shapes"], strict=True):
            assert kind == type(shape).__name__[0].lower()
            assert fields[:2] == [round(shape.x, 1), round(shape.y, 1)]
            if isinstance(shape, Strip):
                assert [ord(letter) - ZERO for letter in fields[-1]] == list(shape.levels)


def test_the_page_needs_nothing_else(make_trace: MakeTrace) -> None:
    text = make_page(make_trace())
    assert "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[^\"'\s]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, which nobody fetches
    assert not re.search(r"<(link(?! rel=\"icon\")|img|iframe)|@import|url\(|\bsrc=", text)


@pytest.mark.parametrize("token", ["</script>", "<!--<script>", "{{data}}", "{{title}}", "&amp;"])
def test_a_token_cannot_break_the_page(token: str, make_trace: MakeTrace) -> None:
    text = make_page(make_trace(text=token, source_tokens=[token, "▁b", "</s>"]))
    assert text.count("</script>") == 2
    shapes = data_of(text)["frames"][0]["shapes"]
    assert token in [shape[3] for shape in shapes if shape[0] == "t"]
    assert re.search("<title>(.*?)</title>", text)[1] == (  # type: ignore[index]
        token.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
