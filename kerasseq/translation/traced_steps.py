"""What a network computes at each step while it writes an output: the columns of a trace."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from kerasseq.models import SequenceToSequence
from kerasseq.text import TextCodec
from kerasseq.typing import State, Tensor


class TracedSteps:
    """The columns of a trace that grow with each step."""

    def __init__(self, codec: TextCodec, num_candidates: int) -> None:
        self.codec = codec
        self.num_candidates = num_candidates
        self.rows: dict[str, list[np.ndarray]] = {
            name: []
            for name in ("states", "scores", "attention_weights", "contexts", "token_scores")
        }
        self.candidates: list[list[tuple[str, float]]] = []
        self.names = {"score_name": "", "distribution_name": ""}

    def write(
        self, network: SequenceToSequence, source_ids: Tensor, token_ids: Sequence[int]
    ) -> None:
        """Lets the network write `token_ids`, the start first, and adds each step."""
        step, state, _ = network.start_search(source_ids, len(token_ids) - 1)
        for before, token_id in zip(token_ids, token_ids[1:], strict=False):
            with network.recorded_attention() as records:
                log_probabilities, state, weights = step(ops.convert_to_tensor([before]), state)
            self.add(token_id, log_probabilities, state, weights, records)

    def add(
        self,
        token_id: int,
        log_probabilities: Tensor,
        state: State,
        weights: Tensor,
        records: Sequence[Any],
    ) -> None:
        """Adds the step that wrote `token_id`; its tensors have one row."""
        own = as_array(log_probabilities)[0]
        for name, values in {
            "states": _first_vector(state),
            "token_scores": own[token_id],
            **self._attention(as_array(weights)[0], records),
        }.items():
            self.rows[name].append(np.asarray(values, dtype="float32"))
        best = np.argsort(-own, kind="stable")[: self.num_candidates]
        shown = np.exp(own[best]).tolist()
        self.candidates.append(list(zip(tokens_of(self.codec, best), shown, strict=True)))

    def _attention(self, weights: np.ndarray, records: Sequence[Any]) -> dict[str, np.ndarray]:
        if records:
            layer = records[-1].layer
            self.names = {
                "score_name": type(layer).__name__,
                "distribution_name": type(layer.distribution_layer).__name__,
            }
            return {
                # One query: `(1, heads, 1, memory_length)`. Several attentions are further heads.
                "scores": np.concatenate([as_array(each.scores)[0, :, 0] for each in records]),
                "attention_weights": np.concatenate(
                    [as_array(each.attention_weights)[0, :, 0] for each in records]
                ),
                "contexts": as_array(records[-1].context).reshape(-1),
            }
        if not weights.any():  # the zeros of a decoder without attention
            nothing = np.zeros((0, len(weights)))
            return {"scores": nothing, "attention_weights": nothing, "contexts": np.zeros(0)}
        # An attention of the user's own making.
        tiny = np.finfo("float32").tiny
        return {
            "scores": np.log(np.maximum(weights, tiny))[None],
            "attention_weights": weights[None],
            "contexts": np.zeros(0),
        }

    def columns(self) -> dict[str, Any]:
        """Returns the trace's arguments."""
        columns = {name: np.stack(rows) for name, rows in self.rows.items()}
        return {**columns, "candidates": self.candidates, **self.names}


def _first_vector(state: State) -> np.ndarray:
    """The first tensor of a state that is a vector of numbers: the lowest cell's output."""
    for tensor in state:
        values = as_array(tensor)
        if values.ndim == 2 and values.dtype.kind == "f":
            return values[0]
    return np.zeros(0)


def tokens_of(codec: TextCodec, token_ids: Sequence[int] | np.ndarray) -> list[str]:
    """The pieces of ids; an untrained network may write the padding's, which codecs hide."""
    ids = [codec.unknown_id if each == codec.pad_id else int(each) for each in token_ids]
    # A row each, since a codec shows nothing behind an end.
    pieces = codec.tokens(tf.constant(ids, tf.int32)[:, None])
    return [b"".join(row).decode("utf-8", "replace") for row in pieces.to_list()]


def as_array(tensor: Tensor) -> np.ndarray:
    values = np.asarray(ops.convert_to_numpy(tensor))
    return values if values.dtype.kind in "biu" else values.astype("float32")
