"""What a trial failed of, told without holding on to what it held."""

import traceback
from typing import NamedTuple

import tensorflow as tf

LONGEST_REASON = 500


class Failure(NamedTuple):
    """The end of a failed trial.

    Attributes:
        kind: `"nan"`, `"memory"` or `"crash"`.
        reason: the error's type and message, in one line.
        details: the whole traceback.
    """

    kind: str
    reason: str
    details: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Returns what an error says, as text alone.

        An error holds the frames it came through, and they hold the network: keep no error.

        Args:
            error: what ended the trial.
        """
        kinds = [_kind(each) for each in _chain(error)]
        kind = next((kind for kind in kinds if kind != "crash"), "crash")
        text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
        if len(text) > LONGEST_REASON:
            text = f"{text[:LONGEST_REASON]} [...]"
        return cls(kind, text, "".join(traceback.format_exception(error)))


def _kind(error: BaseException) -> str:
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return "memory"
    return "nan" if isinstance(error, FloatingPointError) else "crash"


def _chain(error: BaseException) -> list[BaseException]:
    """The error, and those that it came from."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    return chain
