"""What of many translations a user should be told once: what was cut, or is empty."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasseq import Translation

logger = logging.getLogger(__name__)


class OutputCounts:
    """Counts translations that are not whole.

    Attributes:
        texts: how many there were.
    """

    def __init__(self) -> None:
        self.texts = self._truncated = self._unfinished = self._empty = 0

    def add(self, translations: Sequence["Translation"]) -> None:
        """Counts some more."""
        self.texts += len(translations)
        for each in translations:
            self._truncated += each.truncated
            self._unfinished += not each.finished and bool(each.target_tokens)
            self._empty += not each.finished and not each.target_tokens

    def warn(self, limit: str) -> None:
        """Logs what there was of them.

        Args:
            limit: what cuts a text.
        """
        if self._truncated:
            logger.warning(
                "%d of %d texts were longer than %s, and were cut.",
                *(self._truncated, self.texts, limit),
            )
        if self._empty:
            logger.warning(
                "%d of %d outputs are empty, since nothing may begin them: the constraints are too "
                "strict, or no token is allowed.",
                *(self._empty, self.texts),
            )
        if self._unfinished:
            logger.warning(
                "%d of %d outputs were cut off at their longest length.",
                *(self._unfinished, self.texts),
            )


def longest_source(max_source_length: int, with_prefix: bool) -> str:
    """Returns the words for what a text is cut at.

    Args:
        max_source_length: how many tokens a model reads.
        with_prefix: whether outputs are told how to begin.
    """
    limit = f"the {max_source_length} tokens that the model reads"
    return limit + (", or their prefix than the output may be" if with_prefix else "")
