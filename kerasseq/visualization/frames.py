"""What each frame of an animation shows: numbers, before anything is drawn."""

import math
from typing import Any, NamedTuple

import numpy as np

from kerasseq.typing import Trace
from kerasseq.visualization.labels import visible

# In which order a step goes on; the state moves first unless the cell waits for the context.
STATE_FIRST = ("state", "scores", "weights", "context", "word")
STATE_AFTER_CONTEXT = ("scores", "weights", "context", "state", "word")
WITHOUT_ATTENTION = ("context", "state", "word")  # the context, if it is read at every step


class Frame(NamedTuple):
    """One frame. Arrays that the frame does not show are `None`.

    Attributes:
        phase: `"read"` and `"hand_on"`, then for each step `"state"`, `"scores"`, `"weights"`,
            `"context"` and `"word"`, in the order of the decoder's wiring.
        caption: a sentence about it.
        num_read: how many source tokens have been read.
        num_written: how many target tokens have been written.
        memory: `(positions, memory_size)`, what the encoder remembers so far.
        state: `(units,)`, what the encoder hands on, then the decoder's state.
        scores: `(heads, memory_length)`.
        attention_weights: `(heads, memory_length)`.
        context: `(size,)`.
        candidates: the likeliest tokens with their probabilities.
    """

    phase: str
    caption: str
    num_read: int
    num_written: int
    memory: np.ndarray
    state: np.ndarray
    scores: np.ndarray | None = None
    attention_weights: np.ndarray | None = None
    context: np.ndarray | None = None
    candidates: list[tuple[str, float]] | None = None


def animation_frames(trace: Trace) -> list[Frame]:
    """Returns what an animation of a trace shows, frame by frame.

    First the encoder reads token by token and hands on its state, then the decoder writes token
    by token; with attention, each step shows the scores over the source, the weights that they
    become, the sum of the memory by these weights, and the word that comes out.

    Args:
        trace: what `kerasseq.translation.trace` gave.

    Raises:
        ValueError: if the arrays do not fit the tokens.
    """
    _check(trace)
    frames = [_read(trace, place) for place in range(len(trace.source_tokens))]
    starts = trace.handed_on.shape[1] > 0
    caption = "The decoder starts from zeros: nothing is handed on."
    if starts:
        caption = "The encoder hands on to the decoder what it has read."
    frames.append(frames[-1]._replace(phase="hand_on", caption=caption))
    for step in range(len(trace.target_tokens)):
        frames += _step(trace, step, frames[-1])
    return frames


def _read(trace: Trace, place: int) -> Frame:
    length = len(trace.source_tokens)
    # A pyramid has fewer positions than there are tokens.
    positions = math.ceil((place + 1) * trace.memories.shape[1] / length)
    token = visible(trace.source_tokens[place])
    return Frame(
        "read",
        f"The encoder reads {token}, token {place + 1} of {length}.",
        place + 1,
        0,
        trace.memories[place, :positions],
        trace.handed_on[place],
    )


def _step(trace: Trace, step: int, before: Frame) -> list[Frame]:
    """The frames of one step; each keeps what the one before it has shown of this step."""
    frames = []
    frame = before._replace(
        num_written=step, scores=None, attention_weights=None, context=None, candidates=None
    )
    for phase in _phases(trace):
        shown = _shown(trace, step, phase)
        frame = frame._replace(phase=phase, caption=_caption(trace, step, phase), **shown)
        frames.append(frame)
    return frames


def _phases(trace: Trace) -> list[str]:
    phases: tuple[str, ...] = STATE_AFTER_CONTEXT
    if trace.wiring in ("luong", ""):
        phases = STATE_FIRST
    if trace.scores.shape[1] == 0:
        phases = WITHOUT_ATTENTION
    missing = {"state": trace.states, "context": trace.contexts}
    return [phase for phase in phases if phase not in missing or missing[phase].shape[1] > 0]


def _shown(trace: Trace, step: int, phase: str) -> dict[str, Any]:
    """What a phase adds to the frame before it."""
    if phase == "state":
        return {"state": trace.states[step]}
    if phase == "scores":
        return {"scores": trace.scores[step]}
    if phase == "weights":
        return {"attention_weights": trace.attention_weights[step]}
    if phase == "context":
        return {"context": trace.contexts[step]}
    return {"candidates": trace.candidates[step], "num_written": step + 1}


def _caption(trace: Trace, step: int, phase: str) -> str:
    read = visible(trace.target_tokens[step - 1]) if step else "the start"
    written = visible(trace.target_tokens[step])
    probability = math.exp(trace.token_scores[step])
    total = trace.attention_weights[step].sum(axis=-1).mean() if phase == "weights" else 0.0
    of_score = f"{trace.score_name} scores" if trace.score_name else "logarithms of the weights:"
    heads = trace.scores.shape[1]
    context = f"the memory, summed by these weights{' in each head' * (heads > 1)}, is the context."
    if heads == 0:
        context = "the decoder reads the context, the same at every step."
    waits = "" if _phases(trace)[0] == "state" else " and the context"
    sentences = {
        "state": f"the decoder reads {read}{waits}: its new state.",
        "scores": f"{of_score} how well each position of the memory fits.",
        "weights": f"{trace.distribution_name or 'attention'} makes weights of the scores; "
        f"they sum to {total:.2f}.",
        "context": context,
        "word": f"{written} comes out, with probability {probability:.2f}.",
    }
    return f"Step {step + 1}: {sentences[phase]}"


def _check(trace: Trace) -> None:
    source, target = len(trace.source_tokens), len(trace.target_tokens)
    if not source or not target:
        raise ValueError(
            "`trace` must have at least one source and one target token. "
            f"Received: {source} and {target}."
        )
    heads, length = trace.scores.shape[1], trace.memories.shape[1]
    expected = {
        "memories": (source, *trace.memories.shape[1:]),
        "handed_on": (source, *trace.handed_on.shape[1:]),
        "states": (target, *trace.states.shape[1:]),
        "scores": (target, heads, length),
        "attention_weights": (target, heads, length),
        "contexts": (target, *trace.contexts.shape[1:]),
        "token_scores": (target,),
    }
    for name, shape in expected.items():
        received = getattr(trace, name).shape
        if received != shape and not (heads == 0 and name in ("scores", "attention_weights")):
            raise ValueError(f"`trace.{name}` must be {shape}. Received: {received}.")
