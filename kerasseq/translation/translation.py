"""What a translator answers: one `Translation` a text, one `TargetScore` a pair."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Alternative:
    """One hypothesis of a text.

    Attributes:
        text: the output.
        score: its summed natural log probability, before any penalty.
        finished: whether the output ended by itself; `False` means that it was cut at the limit.
        target_tokens: what the decoder wrote, the end token included.
        token_scores: `(len(target_tokens),)` float32, the log probability of each token.
        attention_weights: `(len(target_tokens), source tokens)` float32.
    """

    text: str
    score: float
    finished: bool
    target_tokens: list[str]
    token_scores: np.ndarray
    attention_weights: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Translation:
    """The answer to one text.

    What it says of an output (`text`, `score`, `finished`, `target_tokens`, `token_scores`,
    `attention_weights`) is that of the best alternative.

    Attributes:
        source: the text that came in.
        truncated: whether the source (or a given prefix) was longer than what is read, and was cut.
        source_tokens: what the encoder read, the end token included.
        alternatives: the `n_best` hypotheses, best first; fewer where the search found fewer.
    """

    source: str
    truncated: bool
    source_tokens: list[str]
    alternatives: list[Alternative]

    @property
    def text(self) -> str:
        """The best output."""
        return self.alternatives[0].text

    @property
    def score(self) -> float:
        """The summed natural log probability of the best output, before any penalty."""
        return self.alternatives[0].score

    @property
    def finished(self) -> bool:
        """Whether the best output ended by itself, and was not cut at the limit."""
        return self.alternatives[0].finished

    @property
    def target_tokens(self) -> list[str]:
        """What the decoder wrote, the end token included."""
        return self.alternatives[0].target_tokens

    @property
    def token_scores(self) -> np.ndarray:
        """`(len(target_tokens),)` float32, the log probability of each token."""
        return self.alternatives[0].token_scores

    @property
    def attention_weights(self) -> np.ndarray:
        """`(len(target_tokens), len(source_tokens))` float32."""
        return self.alternatives[0].attention_weights

    def __repr__(self) -> str:
        return f"Translation({self.source!r} -> {self.text!r}, score={self.score:.3f})"

    def to_dict(self) -> dict[str, Any]:
        """Returns the translation as plain lists, strings and numbers, as JSON writes them."""
        return {
            "source": self.source,
            "text": self.text,
            "score": self.score,
            "finished": self.finished,
            "truncated": self.truncated,
            "alternatives": [
                {
                    "text": alternative.text,
                    "score": alternative.score,
                    "finished": alternative.finished,
                    "target_tokens": alternative.target_tokens,
                    "token_scores": alternative.token_scores.tolist(),
                }
                for alternative in self.alternatives
            ],
            "source_tokens": self.source_tokens,
            "target_tokens": self.target_tokens,
            "token_scores": self.token_scores.tolist(),
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

    def to_dict(self) -> dict[str, Any]:
        """Returns the score as plain lists, strings and numbers, as JSON writes them."""
        return {**vars(self), "token_scores": self.token_scores.tolist()}
