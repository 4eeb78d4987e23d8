import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasseq.typing import Trace
from kerasseq.visualization import animation_frames

MakeTrace = Callable[..., Trace]


def phases(trace: Trace) -> list[str]:
    return [frame.phase for frame in animation_frames(trace)]


def test_the_encoder_reads_then_each_step_goes_through_its_phases(make_trace: MakeTrace) -> None:
    trace = make_trace()
    step = ["state", "scores", "weights", "context", "word"]
    assert phases(trace) == ["read"] * 3 + ["hand_on"] + step * 2
    bahdanau = ["scores", "weights", "context", "state", "word"]
    assert phases(trace._replace(wiring="bahdanau"))[4:9] == bahdanau
    assert phases(trace._replace(wiring="conditional"))[4:9] == bahdanau


def test_frames_hold_the_numbers_of_the_trace_step_for_step(make_trace: MakeTrace) -> None:
    trace = make_trace()
    frames = animation_frames(trace)
    for place, frame in enumerate(frames[:3]):
        assert (frame.num_read, frame.num_written) == (place + 1, 0)
        np.testing.assert_array_equal(frame.memory, trace.memories[place, : place + 1])
        np.testing.assert_array_equal(frame.state, trace.handed_on[place])
    words = [frame for frame in frames if frame.phase == "word"]
    for step, frame in enumerate(words):
        assert frame.num_written == step + 1
        np.testing.assert_array_equal(frame.memory, trace.memories[-1])
        np.testing.assert_array_equal(frame.state, trace.states[step])
        np.testing.assert_array_equal(frame.scores, trace.scores[step])
        np.testing.assert_array_equal(frame.attention_weights, trace.attention_weights[step])
        np.testing.assert_array_equal(frame.context, trace.contexts[step])
        assert frame.candidates == trace.candidates[step]


def test_a_frame_shows_nothing_of_what_comes_later(make_trace: MakeTrace) -> None:
    for frame in animation_frames(make_trace()):
        hidden = {
            "scores": frame.scores,
            "weights": frame.attention_weights,
            "context": frame.context,
            "word": frame.candidates,
        }
        order = ["read", "hand_on", "state", *hidden]
        for phase, value in hidden.items():
            assert (value is None) == (order.index(phase) > order.index(frame.phase))


def test_captions_name_what_happens(make_trace: MakeTrace) -> None:
    captions = [frame.caption for frame in animation_frames(make_trace())]
    assert captions[1] == "The encoder reads ▁b, token 2 of 3."
    assert captions[3] == "The encoder hands on to the decoder what it has read."
    assert captions[4:] == [
        "Step 1: the decoder reads the start: its new state.",
        "Step 1: DotAttention scores how well each position of the memory fits.",
        "Step 1: Softmax makes weights of the scores; they sum to 1.00.",
        "Step 1: the memory, summed by these weights, is the context.",
        "Step 1: ▁x comes out, with probability 0.50.",
        "Step 2: the decoder reads ▁x: its new state.",
        "Step 2: DotAttention scores how well each position of the memory fits.",
        "Step 2: Softmax makes weights of the scores; they sum to 1.00.",
        "Step 2: the memory, summed by these weights, is the context.",
        "Step 2: </s> comes out, with probability 0.25.",
    ]


def test_captions_of_what_is_not_known(make_trace: MakeTrace) -> None:
    trace = make_trace(wiring="bahdanau", handed_on=np.zeros((3, 0)), score_name="")
    captions = [frame.caption for frame in animation_frames(trace)]
    assert captions[3] == "The decoder starts from zeros: nothing is handed on."
    scores = "Step 1: logarithms of the weights: how well each position of the memory fits."
    assert captions[4] == scores
    assert captions[7] == "Step 1: the decoder reads the start and the context: its new state."


def test_a_token_that_cannot_be_seen_has_its_mark_in_the_captions(make_trace: MakeTrace) -> None:
    trace = make_trace(source_tokens=[" ", "b", "</s>"], target_tokens=["\t", "</s>"])
    captions = [frame.caption for frame in animation_frames(trace)]
    assert captions[0] == "The encoder reads ␣, token 1 of 3."
    assert captions[8:10] == [
        "Step 1: ⇥ comes out, with probability 0.50.",
        "Step 2: the decoder reads ⇥: its new state.",
    ]


def test_several_heads_are_told_of(make_trace: MakeTrace) -> None:
    two = np.full((2, 2, 3), 1 / 3)
    frames = animation_frames(make_trace(scores=two, attention_weights=two))
    assert frames[6].caption.endswith("makes weights of the scores; they sum to 1.00.")
    expected = "Step 1: the memory, summed by these weights in each head, is the context."
    assert frames[7].caption == expected


def test_without_attention_a_step_is_a_state_and_a_word(make_trace: MakeTrace) -> None:
    nothing = np.zeros((2, 0, 3))
    trace = make_trace(scores=nothing, attention_weights=nothing, contexts=np.zeros((2, 0)))
    assert phases(trace)[4:] == ["state", "word"] * 2
    alone = trace._replace(wiring="")  # as a decoder without attention has it
    caption = "Step 1: the decoder reads the start: its new state."
    assert animation_frames(alone)[4].caption == caption
    assert all(frame.scores is None for frame in animation_frames(trace))


def test_a_context_that_is_read_at_every_step_is_shown(make_trace: MakeTrace) -> None:
    nothing = np.zeros((2, 0, 3))
    trace = make_trace(scores=nothing, attention_weights=nothing, wiring="")
    assert phases(trace)[4:] == ["context", "state", "word"] * 2
    frames = animation_frames(trace)
    assert frames[4].caption == "Step 1: the decoder reads the context, the same at every step."
    np.testing.assert_array_equal(frames[4].context, trace.contexts[0])


def test_what_a_decoder_does_not_have_is_no_frame(make_trace: MakeTrace) -> None:
    trace = make_trace(states=np.zeros((2, 0)), contexts=np.zeros((2, 0)))
    assert phases(trace)[4:7] == ["scores", "weights", "word"]


def test_a_pyramid_has_fewer_positions_than_tokens(make_trace: MakeTrace) -> None:
    trace = make_trace(
        memories=np.ones((3, 2, 4)), scores=np.ones((2, 1, 2)), attention_weights=np.ones((2, 1, 2))
    )
    lengths = [len(frame.memory) for frame in animation_frames(trace)[:3]]
    assert lengths == [1, 2, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source_tokens": []}, "at least one source and one target token. Received: 0 and 2."),
        ({"handed_on": np.zeros((2, 4))}, "`trace.handed_on` must be (3, 4). Received: (2, 4)."),
        ({"scores": np.zeros((1, 1, 3))}, "`trace.scores` must be (2, 1, 3). Received: (1, 1, 3)."),
        ({"token_scores": np.zeros(3)}, "`trace.token_scores` must be (2,). Received: (3,)."),
    ],
)
def test_messages(change: dict[str, Any], message: str, make_trace: MakeTrace) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        animation_frames(make_trace(**change))


def test_without_attention_all_else_must_fit_the_tokens(make_trace: MakeTrace) -> None:
    nothing = np.zeros((2, 0, 3))
    trace = make_trace(scores=nothing, attention_weights=nothing, states=np.zeros((1, 2)))
    message = re.escape("`trace.states` must be (2, 2). Received: (1, 2).")
    with pytest.raises(ValueError, match=message):
        animation_frames(trace)
