"""What a translator answers: one `Translation` a text, one `TargetScore` a pair."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np


class Alternative(NamedTuple):
    """One hypothesis of a text.

    Attributes:
        text: the output.
        score: its summed natural log probability.
    """

    text: str
    score: float


@dataclasses.dataclass(frozen=True, eq=False)
class Translation:
    """The answer to one text.

    Attributes:
        source: the text that came in.
        text: the best output.
        score: its summed natural log probability, before any penalty.
        finished: whether the output ended by itself; `False` means that it was cut at the limit.
        truncated: whether the source (or a given prefix) was longer than what is read, and was cut.
        alternatives: the `n_best` hypotheses, best first; the first is `text` itself.
        source_tokens: what the encoder read, the end token included.
        target_tokens: what the decoder wrote, the end token included.
        attention_weights: `(len(target_tokens), len(source_tokens))` float32.
    """

    source: str
    text: str
    score: float
    finished: bool
    truncated: bool
    alternatives: list[Alternative]
    source_tokens: list[str]
    target_tokens: list[str]
    attention_weights: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Returns the translation as plain lists, strings and numbers, as JSON writes them."""
        return {
            "source": self.source,
            "text": self.text,
            "score": self.score,
            "finished": self.finished,
            "truncated": self.truncated,
            "alternatives": [alternative._asdict() for alternative in self.alternatives],
            "source_tokens": self.source_tokens,
            "target_tokens": self.target_tokens,
            "attention_weights": self.attention_weights.tolist(),
        }


@dataclasses.dataclass(frozen=True, eq=False)
class TargetScore:
    """What a translator thinks of one given target.

    Attributes:
        source: the source text.
        target: the target text that came in.
        score: the summed natural log probability of its tokens, the end included.
        truncated: whether source or target was longer than the translator reads, and was cut.
        target_tokens: what the decoder was made to write, the end token included.
        token_scores: `(len(target_tokens),)` float32, the log probability of each.
    """

    source: str
    target: str
    score: float
    truncated: bool
    target_tokens: list[str]
    token_scores: np.ndarray
